/*
 * A new password after a mailed link. With the notes recovery key, or with a passkey that opens
 * the notes, the same vault key is wrapped anew; without either a new one is made, and the old one
 * stays closed.
 */

import { CryptoRefusal, WrongKey } from "../crypto/errors.js";
import { firstThatOpens, makeVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { PRF_INPUT, deriveWrapKeyFromPrf } from "../crypto/prf.js";
import {
  deriveRecoveryProof, deriveRecoveryWrapKey, parseRecoveryKey,
} from "../crypto/recovery.js";
import { readPending } from "../lib/key-store.js";
import { chosenPassword, deriveNew } from "../lib/new-password.js";
import { answer, onPasskeyStart, options, passkeyBox } from "../lib/passkey-page.js";
import { FormProblem, fill, onPasswordSubmit, passwordField } from "../lib/password-form.js";
import { getPasskey } from "../lib/webauthn.js";

const form = document.querySelector("[data-password-form=reset]");
const box = passkeyBox("reset");
const { userId } = form.dataset;
let opened = null;

onPasswordSubmit(form, async () => {
  const { email, displayName, iterations } = form.dataset;
  const password = await chosenPassword(form, { email, displayName });
  const recoveryKey = await typedRecoveryKey();
  if (recoveryKey !== null) await openWithRecovery(recoveryKey);
  const derived = await deriveNew(password, Number(iterations));
  fill(form, "new_auth_secret", derived.authSecret);
  fill(form, "password_slot", JSON.stringify(await slotFor(derived)));
  fill(form, "recovery_proof", recoveryKey === null ? "" : await deriveRecoveryProof(recoveryKey));
});

if (box !== null) {
  onPasskeyStart(box, async () => {
    const asked = { prfInput: PRF_INPUT };
    const { credential, prfResult } = await getPasskey(await options(box), asked);
    if (prfResult === null) throw new FormProblem("withoutPrf");
    const wrapKey = await deriveWrapKeyFromPrf(prfResult);
    if (!(await openWithPasskey(wrapKey))) throw new FormProblem("notesStayClosed");
    // The server wants to know as well that the passkey was at hand.
    try {
      await answer(box, { credential });
    } catch (error) {
      showOpened(null);
      throw error;
    }
    return null;
  });
  // Shown a page ago as second factor, and then there is nothing left to ask for.
  const pending = await readPending();
  if (pending?.kind === "passkey") await openWithPasskey(pending.wrapKey);
}

async function openWithPasskey(wrapKey) {
  try {
    showOpened(await firstThatOpens(slotsOf("passkey-slots"), wrapKey, userId));
    return true;
  } catch (error) {
    if (!(error instanceof WrongKey)) throw error;
    return false;
  }
}

async function openWithRecovery(recoveryKey) {
  const wrapKey = await deriveRecoveryWrapKey(recoveryKey);
  try {
    opened = await firstThatOpens(slotsOf("recovery-slots"), wrapKey, userId);
  } catch (error) {
    if (!(error instanceof WrongKey)) throw error;
    throw new FormProblem("wrongRecovery", passwordField(form, "recovery"));
  }
}

function showOpened(found) {
  opened = found;
  for (const part of box.querySelectorAll("[data-notes-closed]")) part.hidden = found !== null;
  box.querySelector("[data-notes-open]").hidden = found === null;
}

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

async function slotFor({ wrapKey, salt, iterations }) {
  const vaultKeyId = opened === null ? crypto.randomUUID() : opened.slot.vault_key_id;
  const vaultKey = opened === null ? await makeVaultKey() : opened.vaultKey;
  const slotId = crypto.randomUUID();
  const context = { userId, vaultKeyId, kind: "password", slotId, iterations, salt };
  return wrapVaultKey({ wrapKey, vaultKey, context });
}

function slotsOf(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "[]");
}
