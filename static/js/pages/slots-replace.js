/*
 * A new vault key, for when somebody else may have what opens the old one. The old key is wrapped
 * under the new one in the same post, so that what is closed with it stays readable. Only what is
 * presented now opens the new key.
 */

import {
  asMaterial, makeVaultKey, unwrapForWrapping, wrapVaultKey,
} from "../crypto/keyslot.js";
import { deriveOlderWrapKey } from "../crypto/vault-key.js";
import { fetchSlots, keepVaultKey, openVaultKey } from "../lib/open-vault.js";
import { passkeyBox, report } from "../lib/passkey-page.js";
import { closeIntoSlot, passkeyOf } from "../lib/passkey-slot.js";
import { FormProblem, fill, onPasswordSubmit } from "../lib/password-form.js";
import { wrapKeyOf } from "./slots-password.js";
import { bindRecoveryKey } from "./slots-recovery-key.js";

const form = document.querySelector("[data-password-form=replace]");
const recovery = bindRecoveryKey(form.querySelector("[data-recovery-key]"));
const hasPassword = form.dataset.hasPassword !== "";
const passkeys = passkeyBox("replace");
const touched = [];
const fresh = {
  vaultKey: await makeVaultKey(),
  vaultKeyId: crypto.randomUUID(),
  userId: form.dataset.userId,
};

onPasswordSubmit(form, async () => {
  // Without a password the new key would have nothing that lasts.
  if (recovery.isStarted() || !hasPassword) recovery.check();
  const password = hasPassword ? await wrapKeyOf(form) : null;
  const old = await oldVaultKey(password);
  fill(form, "older", JSON.stringify(await olderSlot(old)));
  fill(form, "new_slots", JSON.stringify(await newSlots(password)));
  await keepVaultKey(fresh);
});

for (const button of passkeys?.querySelectorAll("[data-passkey-of]") ?? []) {
  button.addEventListener("click", () => touch(button));
}

async function touch(button) {
  button.disabled = true;
  passkeys.querySelector("[data-passkey-problem]").hidden = true;
  try {
    const { slot } = await closeIntoSlot(passkeyOf(button), fresh);
    const id = button.dataset.passkeyId;
    touched.push({ slot, name: "", verifier: "", passkey: id });
    button.closest(".row").querySelector("[data-touched]").hidden = false;
    button.hidden = true;
    document.querySelector(`[data-lost="${id}"]`)?.remove();
  } catch (error) {
    report(passkeys, error);
    button.disabled = false;
  }
}

/* Opened with the typed password, which proves that it is the one in use. */
async function oldVaultKey(password) {
  const old = password ? await openedBy(password) : await openVaultKey({ toWrap: true });
  if (old === null || old.vaultKeyId !== form.dataset.current) throw new FormProblem("locked");
  return old;
}

async function openedBy({ wrapKey }) {
  const { userId, vaultKeyId, slots } = await fetchSlots();
  const found = slots.find(({ kind }) => kind === "password");
  if (found === undefined) return null;
  const vaultKey = await unwrapForWrapping({ wrapKey, slot: found.slot, userId });
  return { vaultKey, vaultKeyId, userId };
}

async function olderSlot(old) {
  return wrapVaultKey({
    wrapKey: await deriveOlderWrapKey(await asMaterial(fresh.vaultKey)),
    vaultKey: old.vaultKey,
    context: {
      userId: old.userId,
      vaultKeyId: old.vaultKeyId,
      kind: "older",
      slotId: crypto.randomUUID(),
      newerKeyId: fresh.vaultKeyId,
    },
  });
}

async function newSlots(password) {
  const { vaultKey, vaultKeyId, userId } = fresh;
  const made = [...touched];
  if (password !== null) {
    const { wrapKey, salt, iterations } = password;
    const slotId = crypto.randomUUID();
    const context = { userId, vaultKeyId, kind: "password", slotId, iterations, salt };
    const slot = await wrapVaultKey({ wrapKey, vaultKey, context });
    made.push({ slot, name: "", verifier: "" });
  }
  if (recovery.isStarted()) {
    const paper = await recovery.slotFor({ vaultKey, vaultKeyId, userId });
    made.push({ ...paper, name: form.dataset.recoveryName });
  }
  return made;
}
