/* The password as these pages use it: derived here, for opening, and never for signing in. */

import { decodeBase64url } from "../crypto/bytes.js";
import { SALT_BYTES, deriveMaster, deriveWrapKey } from "../crypto/kdf.js";
import { NotKept, openVaultKey, openWith } from "../lib/open-vault.js";
import { FormProblem, typed } from "../lib/password-form.js";

export async function wrapKeyOf(form) {
  const salt = decodeBase64url(form.dataset.salt, SALT_BYTES);
  const iterations = Number(form.dataset.rounds ?? form.dataset.iterations);
  const master = await deriveMaster(typed(form, "current"), salt, iterations);
  return { wrapKey: await deriveWrapKey(master), salt, iterations };
}

export async function openWithPassword(form) {
  const { wrapKey } = await wrapKeyOf(form);
  try {
    await openWith({ wrapKey, kind: "password" });
  } catch (error) {
    if (error instanceof NotKept) throw new FormProblem(error.isFull ? "quota" : "notKept");
    throw error;
  }
}

/* The vault key, wrappable; opened with the password where this browser has it locked. */
export async function vaultKeyToWrap(form) {
  const opened = await openVaultKey({ toWrap: true });
  if (opened !== null) return opened;
  if (form.querySelector("[data-password=current]") === null) throw new FormProblem("locked");
  await openWithPassword(form);
  const reopened = await openVaultKey({ toWrap: true });
  if (reopened === null) throw new FormProblem("locked");
  return reopened;
}
