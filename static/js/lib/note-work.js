/*
 * Work on many notes, each step of which is whole by itself: stopped anywhere, it goes on from
 * there the next time. All three answer {done, left}, where `left` counts what did not open or
 * was changed by somebody else meanwhile; `onStep(done, left)` hears of each, and `signal` stops.
 */

import { RequestRefused, get, post } from "./api.js";
import { fetchAll, indexFor, noteAddress, openDraft, openRow, saveNote, sealFor } from "./notes.js";

const AT_ONCE = 4;

/* Notes that the server can read become notes that it cannot. */
export async function encryptReadable({ keys, isIndexed, signal, onStep }) {
  return work(readable(), { signal, onStep }, async (row) => {
    const { state, plain } = await openRow(row, keys);
    if (state !== "open") return false;
    await replace(row, { keys, plain, isIndexed, purpose: "migration" });
    return true;
  });
}

/* Everything that an older vault key closes is closed with the current one. */
export async function rekeyOlder({ keys, isIndexed, signal, onStep }) {
  return work(fetchAll("older"), { signal, onStep }, async (row) => {
    const isOlder = (sealed) => sealed.vault_key_id !== keys.vaultKeyId;
    let isWhole = true;
    if (row.sealed !== null && isOlder(row.sealed)) {
      const { state, plain } = await openRow(row, keys);
      if (state !== "open") return false;
      await replace(row, { keys, plain, isIndexed, purpose: "rekey" });
    }
    const address = noteAddress(row.entry_id);
    const { revisions } = await get(`${address}revisions/`, { background: true });
    for (const { sealed } of revisions.filter((each) => isOlder(each.sealed))) {
      const fake = { entry_id: row.entry_id, scheme: "e2e", revision: sealed.revision, sealed };
      const { state, plain } = await openRow(fake, keys);
      if (state === "open") await move(`${address}revisions/`, { row, sealed, keys, plain });
      else isWhole = false;
    }
    const { draft } = await get(address, { background: true });
    if (draft !== null && isOlder(draft.sealed)) {
      const { state, plain } = await openDraft(draft, row.entry_id, keys);
      const { sealed } = draft;
      if (state === "open") await move(`${address}draft/`, { row, sealed, keys, plain, what: "draft" });
      else isWhole = false;
    }
    return isWhole;
  });
}

/* Notes that the index does not know get their codewords. */
export async function indexMissing({ keys, signal, onStep }) {
  return work(fetchAll("unindexed"), { signal, onStep }, async (row) => {
    const { state, plain } = await openRow(row, keys);
    // Its words would be under another key than the note: that is for rekeyOlder.
    if (state !== "open" || row.sealed.vault_key_id !== keys.vaultKeyId) return false;
    const { entry_id: entryId, revision } = row;
    const codewords = await indexFor({ keys, entryId, revision, plain });
    if (codewords === null) return false;
    const body = { v: 1, vault_key_id: keys.vaultKeyId, revision, codewords };
    await post(`${noteAddress(entryId)}index/`, body, { background: true });
    return true;
  });
}

async function* readable() {
  let after = null;
  for (;;) {
    const { notes, last } = await post("/notes/readable/", { v: 1, after }, { background: true });
    if (notes.length === 0) return;
    yield notes;
    after = last;
  }
}

function replace(row, { keys, plain, isIndexed, purpose }) {
  const { entry_id: entryId, revision } = row;
  return saveNote({
    keys, entryId, base: revision, revision: revision + 1, plain, isIndexed, purpose,
  });
}

async function move(address, { row, sealed, keys, plain, what }) {
  const { vault_key_id: replaces, revision } = sealed;
  const entryId = row.entry_id;
  const anew = await sealFor({ keys, entryId, revision, plain, what });
  await post(address, { v: 1, sealed: anew, replaces }, { background: true });
}

async function work(batches, { signal, onStep }, deed) {
  const count = { done: 0, left: 0 };
  for await (const rows of batches) {
    for (let start = 0; start < rows.length; start += AT_ONCE) {
      signal?.throwIfAborted();
      const some = rows.slice(start, start + AT_ONCE);
      for (const isDone of await Promise.all(some.map((row) => unlessChanged(row, deed)))) {
        count[isDone ? "done" : "left"] += 1;
      }
      onStep?.(count);
    }
  }
  return count;
}

/* What was changed elsewhere meanwhile is left for the next time. */
async function unlessChanged(row, deed) {
  try {
    return await deed(row);
  } catch (error) {
    if (error instanceof RequestRefused && error.status === 409) return false;
    throw error;
  }
}
