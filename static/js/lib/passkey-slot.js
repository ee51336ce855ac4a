/*
 * What a passkey's PRF does to vault keys on a page: it closes one into a slot of its own.
 * The passkey is evaluated by itself here; the server asks for nothing and verifies nothing.
 *
 * `passkey` is {rpId, credential: {id, transports}} as the page has it in data-passkey-of.
 */

import { decodeBase64url } from "../crypto/bytes.js";
import { unwrapVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { PRF_INPUT, deriveWrapKeyFromPrf } from "../crypto/prf.js";
import { FormProblem } from "./password-form.js";
import { getPasskey, localRequest } from "./webauthn.js";

export function passkeyOf(element) {
  const { rpId, credential } = JSON.parse(element.dataset.passkeyOf);
  return { rpId, credential: { ...credential, id: decodeBase64url(credential.id) } };
}

/* The wrap key of a passkey; a FormProblem where it has no PRF. */
export async function evaluate({ rpId, credential }) {
  const asked = { prfInput: PRF_INPUT, only: credential };
  const { prfResult } = await getPasskey(localRequest(rpId), asked);
  if (prfResult === null) throw new FormProblem("withoutPrf");
  return deriveWrapKeyFromPrf(prfResult);
}

/*
 * Answers {slot, wrapKey}. The slot is worth keeping: a second evaluation has opened it, which
 * finds passkeys that do not answer the same twice.
 */
export async function closeIntoSlot(passkey, { vaultKey, vaultKeyId, userId }) {
  const context = { userId, vaultKeyId, kind: "passkey", slotId: crypto.randomUUID() };
  const wrapKey = await evaluate(passkey);
  const slot = await wrapVaultKey({ wrapKey, vaultKey, context });
  await unwrapVaultKey({ wrapKey: await evaluate(passkey), slot, userId });
  return { slot, wrapKey };
}
