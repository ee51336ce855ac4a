/*
 * The highest revision of each note that this browser has seen. A server that hands out an older
 * one, from a backup or by intent, is noticed. It stays when somebody signs out, and says nothing
 * of what is in a note. Without IndexedDB nothing is remembered.
 */

const DATABASE = "authnode-notes";
const STORE = "revisions";

/* Answers the revision or 0. */
export async function highestSeen(userId, entryId) {
  return softly(0, async () => {
    const kept = await request("readonly", (store) => store.get(`${userId}|${entryId}`));
    return Number.isInteger(kept) ? kept : 0;
  });
}

/* `isLower` lets the memory go back, once somebody has accepted an older note. */
export async function rememberSeen(userId, entryId, revision, { isLower = false } = {}) {
  return softly(false, async () => {
    if (!isLower && (await highestSeen(userId, entryId)) >= revision) return true;
    await request("readwrite", (store) => store.put(revision, `${userId}|${entryId}`));
    return true;
  });
}

async function softly(otherwise, work) {
  try {
    return await work();
  } catch (error) {
    console.warn("note revisions:", error?.name);
    return otherwise;
  }
}

async function request(mode, work) {
  const database = await asPromise(opening());
  try {
    return await asPromise(work(database.transaction(STORE, mode).objectStore(STORE)));
  } finally {
    database.close();
  }
}

function opening() {
  const asked = indexedDB.open(DATABASE, 1);
  asked.onupgradeneeded = () => asked.result.createObjectStore(STORE);
  return asked;
}

function asPromise(asked) {
  return new Promise((resolve, reject) => {
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = () => reject(asked.error);
    asked.onblocked = () => reject(new Error("blocked"));
  });
}
