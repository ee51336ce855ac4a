/*
 * The note on the page of an entry. What the server has is opened here, shown, changed, sealed and
 * stored against the revision it was opened at. Nothing is shown that did not open, and nothing
 * that did not open is written over.
 */

import { NoteForm } from "../behaviours/note-form.js";
import { isEmpty, noteView } from "../behaviours/note-view.js";
import { hasWebCrypto } from "../crypto/kdf.js";
import { emptyPlain } from "../crypto/record.js";
import { announce } from "../lib/announce.js";
import { get, post } from "../lib/api.js";
import { fill } from "../lib/codes.js";
import { button, make } from "../lib/elements.js";
import { highestSeen, rememberSeen } from "../lib/note-revisions.js";
import { noteWords, wordForFailure } from "../lib/note-words.js";
import { fetchState } from "../lib/note-state.js";
import { noteAddress, openDraft, openRow, saveNote, sealFor } from "../lib/notes.js";
import { onNotesChange } from "../lib/open-notes.js";
import { openVaultKeys } from "../lib/open-vault.js";

const DRAFT_AFTER_MS = 1500;
const place = document.querySelector("[data-note]");
const { entry: entryId } = place.dataset;
const address = noteAddress(entryId);
const words = noteWords();
const part = (name) => place.querySelector(`[data-note-${name}]`);
const form = new NoteForm(part("form"), words, { onChange: () => later() });

let keys = null;
/* The note as it was opened: {state, plain, revision, scheme}; revision 0 where there is none. */
let note = null;
let seen = 0;
let draftTimer = 0;
let drafting = Promise.resolve();
let isEditing = false;
/* What was opened or locked meanwhile is taken up before anything is sealed. */
let reopening = Promise.resolve();

async function load() {
  if (!hasWebCrypto()) return say("noCrypto", []);
  try {
    keys = await openVaultKeys();
    const answer = await get(address, { background: true });
    await take(answer.note, answer.user_id);
    if (note.state === "open" || note.state === "none") await offerDraft(answer.draft);
  } catch (error) {
    fail(error);
  }
}

/* Opens what the server has, and shows it with whatever has to be said about it. */
async function take(row, userId) {
  note = row === null
    ? { state: "none", plain: emptyPlain(), revision: 0, scheme: "none" }
    : await openRow(row, keys);
  seen = await highestSeen(userId, entryId);
  place.dataset.noteUser = userId;
  show();
  if (note.revision < seen) return warnOfRollBack();
  if (note.state !== "open" && note.state !== "none") return;
  if (!(await rememberSeen(userId, entryId, note.revision))) say("notRemembered", [], undefined, "info");
}

function show() {
  isEditing = false;
  hush();
  const { state, scheme } = note;
  const isReadable = scheme === "server";
  place.dataset.noteShown = state;
  part("loading").hidden = true;
  part("form").hidden = true;
  part("badge-e2e").hidden = scheme !== "e2e";
  part("badge-server").hidden = !isReadable;
  part("view").hidden = state !== "open" || isEmpty(note.plain);
  part("view").replaceChildren(...(state === "open" ? noteView(note.plain, { words, onUsed }) : []));
  part("empty").hidden = !(state === "none" || (state === "open" && isEmpty(note.plain)));
  part("actions").hidden = false;
  const mayWrite = state === "open" || state === "none";
  part("edit").hidden = !mayWrite || (keys === null && !isReadable);
  part("edit").textContent = part("empty").hidden ? part("edit").dataset.change : part("edit").dataset.write;
  part("keep").hidden = !(keys === null && state === "none");
  part("encrypt").hidden = !(isReadable && keys !== null && state === "open");
  part("history").hidden = !(scheme === "e2e" && keys !== null);
  part("delete").hidden = scheme === "none";
  part("locked").hidden = !(keys === null && (state === "locked" || state === "none"));
  part("versions").hidden = true;
  if (["key", "damaged", "newer"].includes(state)) say(state, []);
}

function warnOfRollBack() {
  const word = note.revision === 0 ? "missing" : "rolledBack";
  const accept = button(words.acceptOlder, async () => {
    await rememberSeen(place.dataset.noteUser, entryId, note.revision, { isLower: true });
    hush();
  });
  say(word, [accept], fill(words[word], note.revision === 0 ? seen : note.revision).replace("%t", seen));
}

/* Editing. */

function edit(plain = note.plain) {
  isEditing = true;
  hush();
  form.set(plain);
  for (const name of ["view", "empty", "actions", "versions", "locked"]) part(name).hidden = true;
  const isConsentNeeded = keys === null;
  part("consent").hidden = !isConsentNeeded;
  part("consent-box").checked = false;
  part("will-encrypt").hidden = !(note.scheme === "server" && keys !== null);
  part("draft-state").textContent = "";
  part("form").hidden = false;
  form.text.focus();
}

async function save(event) {
  event.preventDefault();
  await reopening;
  if (keys === null && !part("consent-box").checked) {
    say("consentFirst", []);
    part("consent-box").focus();
    return;
  }
  await stopDrafting();
  await store(form.get());
}

/* Stores a note against the revision it was opened at, and shows what the server has then. */
async function store(plain) {
  setBusy(true);
  try {
    const answer = keys === null ? await keepReadable(plain) : await storeSealed(plain);
    await take(answer.note, place.dataset.noteUser);
    announce(words.saved);
  } catch (error) {
    if (error.body?.error === "changed") await showConflict(error.body.current, plain);
    else fail(error);
  } finally {
    setBusy(false);
  }
}

async function storeSealed(plain) {
  const { place: where } = await fetchState();
  const { revision: base } = note;
  // Never a number that this browser has seen already: each belongs to one text.
  const revision = Math.max(base, seen) + 1;
  return saveNote({ keys, entryId, base, revision, plain, isIndexed: where === "index" });
}

function keepReadable(plain) {
  return post(`${address}keep/`, { v: 1, base: note.revision, plain, consent: true });
}

async function onUsed(at, isUsed) {
  const codes = note.plain.codes.map((row) => ({ ...row }));
  codes[at].used_on = isUsed ? new Date().toISOString().slice(0, 10) : null;
  // Of a note that the server reads, its owner has said so when it was written.
  await store({ ...note.plain, codes });
}

/* Somebody else was first: theirs is shown, mine stays in the form until one is chosen. */
async function showConflict(current, mine) {
  const theirs = current === null
    ? { state: "none", plain: emptyPlain(), revision: 0, scheme: "none" }
    : await openRow(current, keys);
  note = theirs;
  edit(mine);
  const their = part("theirs");
  const body = theirs.plain === null ? [words[theirs.state]] : noteView(theirs.plain, { words });
  part("theirs-body").replaceChildren(...(body.length === 0 ? [words.nothingThere] : body));
  part("theirs-use").hidden = theirs.plain === null;
  part("form").querySelector("[type=submit]").disabled = theirs.plain === null;
  their.hidden = false;
  their.focus();
}

/* Drafts. */

function later(wait = DRAFT_AFTER_MS) {
  clearTimeout(draftTimer);
  draftTimer = 0;
  if (keys === null || !isEditing || form.isTooLong) return;
  draftTimer = setTimeout(() => {
    draftTimer = 0;
    drafting = drafting.then(saveDraft);
  }, wait);
}

async function saveDraft() {
  await reopening;
  if (!isEditing || keys === null) return;
  const revision = Math.max(note.revision, seen) + 1;
  try {
    const sealed = await sealFor({ keys, entryId, revision, plain: form.get(), what: "draft" });
    // It saves itself: whether somebody is still here is for others to tell.
    await post(`${address}draft/`, { v: 1, sealed }, { background: true });
    part("draft-state").textContent = words.draftSaved;
  } catch (error) {
    part("draft-state").textContent = words[error.body?.error === "key" ? "newKey" : "draftFailed"];
  }
}

async function stopDrafting() {
  clearTimeout(draftTimer);
  draftTimer = 0;
  await drafting;
}

async function offerDraft(draft) {
  if (draft === null || keys === null) return;
  const { state, plain } = await openDraft(draft, entryId, keys);
  if (state !== "open") return;
  const day = new Date(draft.saved_at).toLocaleString(document.documentElement.lang || undefined);
  say("draftFound", [
    button(words.goOn, () => edit(plain)),
    button(words.discard, async () => {
      await dropDraft();
      hush();
    }),
  ], fill(words.draftFound, day), "info");
}

async function dropDraft() {
  try {
    await post(`${address}draft/`, { v: 1, sealed: null }, { background: true });
  } catch (error) {
    fail(error);
  }
}

/* Earlier versions. */

async function showVersions() {
  hush();
  try {
    const { revisions } = await get(`${address}revisions/`, { background: true });
    const rows = await Promise.all(revisions.map(({ sealed, saved_at: savedAt }) => openRow(
      { entry_id: entryId, scheme: "e2e", revision: sealed.revision, sealed, saved_at: savedAt }, keys)));
    const list = rows.map(versionView);
    part("versions-list").replaceChildren(...(list.length > 0 ? list : [make("p", {}, words.noVersions)]));
    part("versions").hidden = false;
    part("versions").querySelector("h3").focus();
  } catch (error) {
    fail(error);
  }
}

function versionView({ state, plain, revision, savedAt }) {
  const when = new Date(savedAt).toLocaleString(document.documentElement.lang || undefined);
  const body = plain === null ? [make("p", {}, words[state])] : noteView(plain, { words });
  const restore = plain === null ? null : button(words.restore, () => edit(plain));
  return make("details", { class: "fold-inline" },
    make("summary", {}, `${fill(words.version, revision)}, ${when}`),
    make("div", { class: "stack" }, ...body, restore));
}

/* What is said. */

function say(word, actions, sentence = words[word], kind = "danger") {
  const problem = part("problem");
  problem.className = `notice notice-${kind === "info" ? "info" : "warning"}`;
  part("problem-text").textContent = sentence;
  part("problem-actions").replaceChildren(...actions);
  problem.hidden = false;
  part("loading").hidden = true;
}

function hush() {
  part("problem").hidden = true;
  part("theirs").hidden = true;
}

function fail(error) {
  if (!("status" in error)) console.warn("note:", error?.name);
  const word = wordForFailure(error);
  say(word, word === "newKey" ? [button(words.openAgain, takeNewKey)] : []);
}

/* Where another device has replaced the key, the header asks; another tab may have opened it. */
async function takeNewKey() {
  const fresh = await openVaultKeys();
  if (fresh === null) return;
  keys = fresh;
  hush();
}

function setBusy(isBusy) {
  place.toggleAttribute("aria-busy", isBusy);
  part("form").querySelector("[type=submit]").disabled = isBusy || form.isTooLong;
}

async function reopen(state) {
  if (!isEditing) return load();
  // What is being written stays in the form; the keys are taken up or let go of.
  keys = state === "opened" ? await openVaultKeys() : null;
  part("consent").hidden = keys !== null;
  if (keys !== null) hush();
  return null;
}

part("form").addEventListener("submit", save);
part("edit").addEventListener("click", () => edit());
part("keep").addEventListener("click", () => edit());
part("encrypt").addEventListener("click", () => store(note.plain));
part("history").addEventListener("click", showVersions);
part("cancel").addEventListener("click", async () => {
  await stopDrafting();
  isEditing = false;
  if (keys !== null) await dropDraft();
  await load();
});
part("theirs-use").addEventListener("click", async () => {
  await stopDrafting();
  isEditing = false;
  await dropDraft();
  await load();
});
for (const opener of place.querySelectorAll("[data-note-open]")) {
  opener.addEventListener("click", () => document.dispatchEvent(new CustomEvent("notes:ask-to-open")));
}
onNotesChange((state) => {
  reopening = reopening.then(() => reopen(state));
});
// What is typed last is kept before a closed lid or a lock takes the page away (lib/lock-page.js).
document.addEventListener("visibilitychange", () => {
  if (document.hidden && draftTimer !== 0) later(0);
});
document.addEventListener("authnode:before-lock", ({ detail }) => {
  if (draftTimer === 0) return;
  clearTimeout(draftTimer);
  draftTimer = 0;
  drafting = drafting.then(saveDraft);
  detail.waitFor(drafting);
});
document.addEventListener("authnode:lock", () => {
  clearTimeout(draftTimer);
  isEditing = false;
  keys = null;
  note = null;
  form.set(emptyPlain());
});
await load();
