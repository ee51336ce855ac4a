/*
 * Adds a passkey. Where it is to open the encrypted notes as well, its PRF wraps the vault key,
 * and a second evaluation must unwrap it before the slot is kept.
 */

import { unwrapVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { PRF_INPUT, deriveWrapKeyFromPrf } from "../crypto/prf.js";
import { post } from "../lib/api.js";
import { openVaultKey } from "../lib/open-vault.js";
import { answer, onPasskeyStart, options, passkeyBox, report } from "../lib/passkey-page.js";
import { createPasskey, getPasskey, localRequest } from "../lib/webauthn.js";

const box = passkeyBox("enrol");

onPasskeyStart(box, async () => {
  const asked = await options(box);
  const made = await createPasskey(asked);
  const name = document.getElementById("id_name").value;
  const added = await answer(box, { credential: made.credential, name });
  if (made.hasPrf && box.querySelector("[data-opens-notes]")?.checked) {
    // The passkey is added already; what fails here takes nothing of that back.
    await addSlot(asked.publicKey.rp.id, made.rawId, added.slot_url).catch((error) => {
      report(box, error);
    });
  }
  return added.next;
});

async function addSlot(rpId, rawId, address) {
  const open = await openVaultKey({ toWrap: true });
  if (open === null) return;
  const context = {
    userId: box.dataset.userId,
    vaultKeyId: open.vaultKeyId,
    kind: "passkey",
    slotId: crypto.randomUUID(),
  };
  const wrapKey = await evaluate(rpId, rawId);
  const slot = await wrapVaultKey({ wrapKey, vaultKey: open.vaultKey, context });
  await unwrapVaultKey({ wrapKey: await evaluate(rpId, rawId), slot, userId: context.userId });
  await post(address, { slot });
}

async function evaluate(rpId, rawId) {
  const { prfResult } = await getPasskey(localRequest(rpId), { prfInput: PRF_INPUT, only: rawId });
  return deriveWrapKeyFromPrf(prfResult);
}
