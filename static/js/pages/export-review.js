// The password of an export: offered, one's own, or none; and the notes, where they are open.
import { hasWebCrypto } from "../crypto/kdf.js";
import { isAccountPassword } from "../lib/account-password.js";
import { RequestRefused, postForm } from "../lib/api.js";
import { saveFile, withNotes } from "../lib/export-notes.js";
import { decryptedNotes } from "../lib/notes.js";
import { openVault } from "../lib/open-vault.js";
import { FormProblem, fill, onPasswordSubmit, passwordField, typed } from "../lib/password-form.js";

const SHORTEST = 15;
const COPIED_MS = 2500;
const form = document.querySelector("[data-password-form=export]");

function protection() {
  return new FormData(form).get("protection");
}

function show() {
  for (const part of form.querySelectorAll("[data-part-of]")) {
    part.hidden = !part.dataset.partOf.split(" ").includes(protection());
  }
}

/* The password of one's own: long enough, the same twice, and not the account's. */
async function checkOwn() {
  const password = typed(form, "new");
  const field = passwordField(form, "new");
  if ([...password].length < SHORTEST) throw new FormProblem("short", field);
  if (typed(form, "repeat") !== password) {
    throw new FormProblem("different", passwordField(form, "repeat"));
  }
  if (await isAccountPassword(password)) throw new FormProblem("account", field);
  fill(form, "password", password);
}

async function prepare() {
  fill(form, "password", "");
  if (protection() === "own") await checkOwn();
  if (!form.querySelector("[data-with-notes]")?.checked) return true;
  await downloadWithNotes();
  return false;
}

/* The server makes the file; the notes come into it here, and only here. */
async function downloadWithNotes() {
  if ((await openVault()) === null) throw new FormProblem("notesLocked");
  const kit = await askForKit();
  const { isOpen, notes, closed } = await decryptedNotes(kit.entries);
  if (!isOpen) throw new FormProblem("notesLocked");
  saveFile(await withNotes(kit, notes), { name: kit.name, mediaType: kit.media_type });
  const done = form.querySelector("[data-notes-done]");
  done.querySelector("[data-notes-closed]").hidden = closed.length === 0;
  done.querySelector("[data-notes-closed-count]").textContent = closed.length;
  done.hidden = false;
}

async function askForKit() {
  const parts = new FormData(form);
  parts.set("with_notes", "on");
  try {
    return await postForm(form.action, parts);
  } catch (error) {
    if (!(error instanceof RequestRefused) || !error.body?.refusal) throw error;
    form.querySelector("[data-words]").dataset.refused = error.body.refusal;
    throw new FormProblem("refused");
  }
}

async function showNotes() {
  const part = form.querySelector("[data-notes]");
  if (part !== null) part.hidden = (await openVault()) === null;
}

function bindCopy() {
  const button = form.querySelector("[data-copy-passphrase]");
  const label = button.textContent;
  button.addEventListener("click", async () => {
    const field = form.querySelector("#id_passphrase");
    try {
      await navigator.clipboard.writeText(field.value);
    } catch {
      field.select();
      return;
    }
    button.textContent = button.dataset.done;
    setTimeout(() => { button.textContent = label; }, COPIED_MS);
  });
}

if (form !== null) {
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  bindCopy();
  if (hasWebCrypto()) {
    form.querySelector("[data-own-choice]").hidden = false;
    onPasswordSubmit(form, prepare);
    showNotes();
  }
  show();
}
