/*
 * A new password after a mailed link. With the notes recovery key the same vault key is wrapped
 * anew; without it a new one is made, and the old one stays closed.
 */

import { CryptoRefusal, WrongKey } from "../crypto/errors.js";
import { makeVaultKey, rewrapVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import {
  deriveRecoveryProof, deriveRecoveryWrapKey, parseRecoveryKey,
} from "../crypto/recovery.js";
import { chosenPassword, deriveNew } from "../lib/new-password.js";
import { FormProblem, fill, onPasswordSubmit, passwordField } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=reset]");
const slots = JSON.parse(document.getElementById("recovery-slots")?.textContent ?? "[]");

onPasswordSubmit(form, async () => {
  const { email, displayName, iterations } = form.dataset;
  const password = await chosenPassword(form, { email, displayName });
  const recoveryKey = await typedRecoveryKey();
  const derived = await deriveNew(password, Number(iterations));
  const slot = recoveryKey === null
    ? await wrapVaultKey({
      wrapKey: derived.wrapKey,
      vaultKey: await makeVaultKey(),
      context: contextFor(crypto.randomUUID(), derived),
    })
    : await reopened(recoveryKey, derived);
  fill(form, "new_auth_secret", derived.authSecret);
  fill(form, "password_slot", JSON.stringify(slot));
  fill(form, "recovery_proof", recoveryKey === null ? "" : await deriveRecoveryProof(recoveryKey));
});

async function typedRecoveryKey() {
  const field = passwordField(form, "recovery");
  if (field === null || field.value.trim() === "") return null;
  try {
    return await parseRecoveryKey(field.value);
  } catch (error) {
    if (error instanceof CryptoRefusal) throw new FormProblem("mistypedRecovery", field);
    throw error;
  }
}

/* The vault key of the recovery slot that this key opens, under the new password. */
async function reopened(recoveryKey, derived) {
  const wrapKey = await deriveRecoveryWrapKey(recoveryKey);
  for (const slot of slots) {
    try {
      const context = contextFor(slot.vault_key_id, derived);
      return await rewrapVaultKey(wrapKey, slot, derived.wrapKey, context);
    } catch (error) {
      if (!(error instanceof WrongKey)) throw error;
    }
  }
  throw new FormProblem("wrongRecovery", passwordField(form, "recovery"));
}

function contextFor(vaultKeyId, { iterations, salt }) {
  const slotId = crypto.randomUUID();
  return { userId: form.dataset.userId, vaultKeyId, kind: "password", slotId, iterations, salt };
}
