/*
 * "Notes are open" in the header, and the dialog that opens and locks them. Whatever else on the
 * page asks for open notes sends the event "notes:ask-to-open"; "notes:key-replaced" asks too, and
 * says why.
 */

import { noteWords, wordForFailure } from "../lib/note-words.js";
import {
  NotOpened,
  areOpen,
  lockNotes,
  onNotesChange,
  openWithPasskey,
  openWithPassword,
  openWithRecoveryKey,
  tell,
} from "../lib/open-notes.js";
import { openDialog } from "./dialog.js";

const DIALOG = "notes-dialog";
// The name beside the password is for password managers, and stays.
const TYPED = "input:not([readonly])";

export function bindNotesState({ ready }) {
  const toggle = document.querySelector("[data-notes-state]");
  if (toggle === null) return;
  const dialog = document.getElementById(DIALOG);
  const problem = dialog.querySelector("[data-notes-problem]");
  const replaced = dialog.querySelector("[data-notes-replaced]");
  const [password, recovery] = ["password", "recovery"].map((name) => dialog.querySelector(`[data-notes-${name}]`));

  function show(isOpen) {
    const words = noteWords();
    toggle.dataset.notesState = isOpen ? "open" : "locked";
    toggle.querySelector("[data-notes-label]").textContent = isOpen ? words.stateOpen : words.stateLocked;
    toggle.hidden = false;
    for (const part of dialog.querySelectorAll("[data-notes-when]")) {
      part.hidden = (part.dataset.notesWhen === "open") !== isOpen;
    }
  }

  async function attempt(control, open) {
    problem.hidden = true;
    control.disabled = true;
    dialog.setAttribute("aria-busy", "true");
    try {
      await open();
      dialog.close();
    } catch (error) {
      if (!(error instanceof NotOpened)) console.warn("notes:", error?.name);
      const word = error instanceof NotOpened ? error.word : wordForFailure(error);
      problem.querySelector("[data-notes-problem-text]").textContent = noteWords()[word];
      problem.hidden = false;
    } finally {
      control.disabled = false;
      dialog.removeAttribute("aria-busy");
    }
  }

  function bindForm(form, open) {
    const input = form.querySelector(TYPED);
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      if (input.value === "") return;
      await attempt(form.querySelector("[type=submit]"), () => open(input.value));
      input.value = "";
    });
  }

  bindForm(password, openWithPassword);
  bindForm(recovery, openWithRecoveryKey);
  const passkey = dialog.querySelector("[data-notes-passkey]");
  passkey.addEventListener("click", () => attempt(passkey, openWithPasskey));
  const lock = dialog.querySelector("[data-notes-lock]");
  lock.addEventListener("click", () => attempt(lock, lockNotes));
  dialog.addEventListener("close", () => {
    for (const input of dialog.querySelectorAll(TYPED)) input.value = "";
    problem.hidden = true;
    replaced.hidden = true;
  });
  document.addEventListener("notes:ask-to-open", () => openDialog(DIALOG));
  document.addEventListener("notes:key-replaced", () => {
    tell("locked");
    replaced.hidden = false;
    openDialog(DIALOG);
  });
  onNotesChange((state) => show(state === "opened"));
  ready.then(areOpen).then(show);
}
