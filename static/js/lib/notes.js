/*
 * The notes of entries, opened and closed in this browser.
 *
 * For whoever puts notes into a file, one call is enough:
 *
 *   decryptedNotes(entryIds, {onProgress}) -> {isOpen, notes, closed}
 *
 *   isOpen   whether the encrypted notes are open in this browser at all; where they are not,
 *            only notes that the server keeps readable are among `notes`
 *   notes    Map: entry id -> {note, fields: [{name, value, kind}], codes: [{code, used_on}]},
 *            with the entries that have a note; kind is "text", "hidden" or "url", used_on is
 *            null or "2026-03-01"
 *   closed   [{entryId, reason}]: notes that are there and did not open; the reason is "locked"
 *            (notes not open here), "key" (closed with a key that is not open), "damaged" or
 *            "newer" (written by a newer version of this site)
 *   onProgress(done, total) is called after each hundred or so
 *
 * It rejects with an ApiRefusal (lib/api.js) when the server does not answer.
 */

import { encodeBase64url } from "../crypto/bytes.js";
import { TooLong, UnsupportedVersion } from "../crypto/errors.js";
import { makeIndex } from "../crypto/index.js";
import { checkPlain, emptyPlain, openNote, sealNote } from "../crypto/record.js";
import { get, post } from "./api.js";
import { openVaultKeys } from "./open-vault.js";

const AT_ONCE = 100;
const HOME = "/notes/";

export const noteAddress = (entryId) => `${HOME}${entryId}/`;

export async function decryptedNotes(entryIds, { onProgress = () => {} } = {}) {
  const keys = await openVaultKeys();
  const notes = new Map();
  const closed = [];
  for (let start = 0; start < entryIds.length; ) {
    const asked = entryIds.slice(start, start + AT_ONCE);
    const opened = await openAll(await fetchSome(asked), keys);
    for (const { entryId, state, plain } of opened) {
      if (state === "open") notes.set(entryId, withoutVersion(plain));
      else closed.push({ entryId, reason: state });
    }
    start += asked.length;
    onProgress(Math.min(start, entryIds.length), entryIds.length);
  }
  return { isOpen: keys !== null, notes, closed };
}

/* The rows of these entries; an answer may hold fewer than were asked for, so it is asked again. */
export async function fetchSome(entryIds) {
  const rows = [];
  let missing = entryIds;
  while (missing.length > 0) {
    const { notes } = await post(`${HOME}some/`, { v: 1, entries: missing }, { background: true });
    rows.push(...notes);
    const found = new Set(notes.map((row) => row.entry_id));
    const left = missing.filter((id) => !found.has(id));
    // Nothing more came: the rest has no notes.
    if (notes.length === 0 || left.length === missing.length) break;
    missing = left;
  }
  return rows;
}

/* All rows, in batches: for await (const rows of fetchAll()) … */
export async function* fetchAll(which = "") {
  let after = "";
  for (;;) {
    const query = new URLSearchParams({ ...(after && { after }), ...(which && { which }) });
    const { notes, last } = await get(`${HOME}all/?${query}`, { background: true });
    if (notes.length === 0) return;
    yield notes;
    after = last;
  }
}

export function openAll(rows, keys) {
  return Promise.all(rows.map((row) => openRow(row, keys)));
}

/*
 * {entryId, revision, scheme, state, plain}: a note as the server has it, opened with `keys` of
 * openVaultKeys() (or null). The state is open, none, locked, key, damaged or newer.
 */
export async function openRow(row, keys) {
  const { entry_id: entryId, scheme, revision } = row;
  const known = { entryId, scheme, revision, savedAt: row.saved_at };
  if (scheme === "none") return { ...known, state: "none", plain: emptyPlain() };
  try {
    if (scheme === "server") return { ...known, state: "open", plain: checkPlain(row.plain) };
    return { ...known, ...(await openSealed(row.sealed, entryId, keys, "note", revision)) };
  } catch (error) {
    return { ...known, state: stateFor(error), plain: null };
  }
}

export async function openDraft(draft, entryId, keys) {
  try {
    return await openSealed(draft.sealed, entryId, keys, "draft");
  } catch (error) {
    return { state: stateFor(error), plain: null };
  }
}

async function openSealed(sealed, entryId, keys, what, revision = sealed.revision) {
  if (keys === null) return { state: "locked", plain: null };
  const key = keys.keys.get(sealed.vault_key_id);
  if (key === undefined) return { state: "key", plain: null };
  // The server says the revision twice; the one that is bound is the one inside.
  if (sealed.revision !== revision) return { state: "damaged", plain: null };
  const { contentKey } = key;
  const plain = await openNote({ contentKey, sealed, userId: keys.userId, entryId, what });
  return { state: "open", plain };
}

function stateFor(error) {
  if (error instanceof UnsupportedVersion) return "newer";
  if (error.name === "TypeError" || error.name === "ReferenceError") throw error;
  return "damaged";
}

/* Sealed for its place under the current vault key, ready to be posted. */
export function sealFor({ keys, entryId, revision, plain, what = "note" }) {
  const { userId, vaultKeyId } = keys;
  const { contentKey } = keys.keys.get(vaultKeyId);
  return sealNote({ contentKey, plain, place: { userId, vaultKeyId, entryId, revision, what } });
}

/* The codewords of a note as text, or null for one of more words than an index holds. */
export async function indexFor({ keys, entryId, revision, plain }) {
  const { indexKey } = keys.keys.get(keys.vaultKeyId);
  try {
    return encodeBase64url(await makeIndex({ indexKey, plain, entryId, revision }));
  } catch (error) {
    if (error instanceof TooLong) return null;
    throw error;
  }
}

/*
 * Stores a note in place of revision `base` and answers what the server has then. Rejects with a
 * RequestRefused whose body says {error: "changed", current} when somebody else was first.
 */
export async function saveNote({ keys, entryId, base, revision, plain, isIndexed, purpose = "save" }) {
  const sealed = await sealFor({ keys, entryId, revision, plain });
  const codewords = isIndexed ? await indexFor({ keys, entryId, revision, plain }) : null;
  const body = { v: 1, purpose, base, sealed, codewords };
  return post(noteAddress(entryId), body, { background: purpose !== "save" });
}

function withoutVersion({ note, fields, codes }) {
  return { note, fields, codes };
}
