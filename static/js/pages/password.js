import { decodeBase64url } from "../crypto/bytes.js";
import { SALT_BYTES, deriveAuthSecret, deriveMaster, deriveWrapKey } from "../crypto/kdf.js";
import { makeVaultKey, rewrapVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { chosenPassword, deriveNew } from "../lib/new-password.js";
import { fill, onPasswordSubmit, typed } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=change]");
const oldSlot = JSON.parse(document.getElementById("old-slot")?.textContent ?? "null");

onPasswordSubmit(form, async () => {
  const current = typed(form, "current");
  const { userId, email, displayName, salt, oldIterations, iterations } = form.dataset;
  const password = await chosenPassword(form, { email, displayName });
  const oldSalt = decodeBase64url(salt, SALT_BYTES);
  const old = await deriveMaster(current, oldSalt, Number(oldIterations));
  const derived = await deriveNew(password, Number(iterations));
  const slot = await slotFor(await deriveWrapKey(old), derived, userId);
  fill(form, "auth_secret", await deriveAuthSecret(old));
  fill(form, "new_auth_secret", derived.authSecret);
  fill(form, "password_slot", JSON.stringify(slot));
});

/* Wraps the vault key of the old slot, or a new one where the old password has none. */
async function slotFor(oldWrapKey, { wrapKey, salt, iterations }, userId) {
  const context = {
    userId,
    vaultKeyId: oldSlot?.vault_key_id ?? crypto.randomUUID(),
    kind: "password",
    slotId: crypto.randomUUID(),
    iterations,
    salt,
  };
  if (oldSlot !== null) return rewrapVaultKey(oldWrapKey, oldSlot, wrapKey, context);
  return wrapVaultKey({ wrapKey, vaultKey: await makeVaultKey(), context });
}
