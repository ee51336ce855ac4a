/*
 * An earlier password opens its own slot; what comes out is wrapped under the vault key in use.
 */

import { decodeBase64url } from "../crypto/bytes.js";
import { SALT_BYTES, deriveMaster, deriveWrapKey } from "../crypto/kdf.js";
import { unwrapForWrapping, wrapVaultKey } from "../crypto/keyslot.js";
import { deriveOlderWrapKey } from "../crypto/vault-key.js";
import { openVaultKey } from "../lib/open-vault.js";
import { FormProblem, fill, onPasswordSubmit, typed } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=former]");
const former = JSON.parse(document.getElementById("former-slot").textContent);

onPasswordSubmit(form, async () => {
  const password = typed(form, "current");
  const current = await openVaultKey();
  if (current === null) throw new FormProblem("locked");
  const salt = decodeBase64url(former.salt, SALT_BYTES);
  const wrapKey = await deriveWrapKey(await deriveMaster(password, salt, former.iterations));
  const { userId, vaultKeyId: newerKeyId } = current;
  const older = await wrapVaultKey({
    wrapKey: await deriveOlderWrapKey(current.vaultKey),
    vaultKey: await unwrapForWrapping({ wrapKey, slot: former, userId }),
    context: {
      userId,
      vaultKeyId: former.vault_key_id,
      kind: "older",
      slotId: crypto.randomUUID(),
      newerKeyId,
    },
  });
  fill(form, "older", JSON.stringify(older));
});
