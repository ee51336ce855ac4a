/*
 * An earlier password, or a recovery key that was left behind, opens its own slot; what comes out
 * is wrapped under the vault key in use. A recovery key opens that one as well from now on.
 */

import { decodeBase64url } from "../crypto/bytes.js";
import { CryptoRefusal } from "../crypto/errors.js";
import { SALT_BYTES, deriveMaster, deriveWrapKey } from "../crypto/kdf.js";
import { asMaterial, unwrapForWrapping, wrapVaultKey } from "../crypto/keyslot.js";
import { deriveRecoveryWrapKey, parseRecoveryKey } from "../crypto/recovery.js";
import { deriveOlderWrapKey } from "../crypto/vault-key.js";
import { openVaultKey } from "../lib/open-vault.js";
import { FormProblem, fill, onPasswordSubmit, passwordField, typed } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=former]");
const former = JSON.parse(document.getElementById("former-slot").textContent);

onPasswordSubmit(form, async () => {
  const wrapKey = former.kind === "recovery" ? await ofRecoveryKey() : await ofPassword();
  const current = await openVaultKey({ toWrap: true });
  if (current === null) throw new FormProblem("locked");
  fill(form, "older", JSON.stringify(await olderSlot(wrapKey, current)));
  if (former.kind === "recovery") fill(form, "again", JSON.stringify(await again(wrapKey, current)));
});

async function ofPassword() {
  const salt = decodeBase64url(former.salt, SALT_BYTES);
  return deriveWrapKey(await deriveMaster(typed(form, "current"), salt, former.iterations));
}

async function ofRecoveryKey() {
  try {
    return await deriveRecoveryWrapKey(await parseRecoveryKey(typed(form, "current")));
  } catch (error) {
    if (!(error instanceof CryptoRefusal)) throw error;
    throw new FormProblem("mistypedRecovery", passwordField(form, "current"));
  }
}

async function olderSlot(wrapKey, { vaultKey, vaultKeyId, userId }) {
  return wrapVaultKey({
    wrapKey: await deriveOlderWrapKey(await asMaterial(vaultKey)),
    vaultKey: await unwrapForWrapping({ wrapKey, slot: former, userId }),
    context: {
      userId,
      vaultKeyId: former.vault_key_id,
      kind: "older",
      slotId: crypto.randomUUID(),
      newerKeyId: vaultKeyId,
    },
  });
}

function again(wrapKey, { vaultKey, vaultKeyId, userId }) {
  const context = { userId, vaultKeyId, kind: former.kind, slotId: crypto.randomUUID() };
  return wrapVaultKey({ wrapKey, vaultKey, context });
}
