// What opens the notes: the state in this browser, opening with the password, locking.
import { lockVault, openVault } from "../lib/open-vault.js";
import { onPasswordSubmit } from "../lib/password-form.js";
import { openWithPassword } from "./slots-password.js";

const state = document.querySelector("[data-vault-state]");

async function showState() {
  const isOpen = (await openVault()) !== null;
  state.querySelector("[data-vault-unknown]").hidden = true;
  for (const part of state.querySelectorAll("[data-vault-open]")) part.hidden = !isOpen;
  for (const part of state.querySelectorAll("[data-vault-locked]")) part.hidden = isOpen;
}

if (state !== null) {
  const form = state.querySelector("[data-password-form=unlock]");
  // The form posts nothing: it has no field with a name, and loads this page again.
  if (form !== null) onPasswordSubmit(form, openWithPassword);
  state.querySelector("[data-vault-lock]").addEventListener("click", async () => {
    await lockVault();
    await showState();
  });
  showState();
}
