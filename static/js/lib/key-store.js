/*
 * Two things wait in IndexedDB. The wrap key of a sign-in, from the page that has it to the first
 * signed-in page: a key that cannot be read back, at most ten minutes, and gone once it was used. And the open
 * vault key of the session, sealed under a key that only the server hands out.
 *
 * Nothing here rejects: a browser without IndexedDB, or one that refuses it in a private window,
 * must not stop a sign-in. It then answers false or null, and the vault key stays locked.
 */

const DATABASE = "authnode";
const VERSION = 1;
const STORE = "keys";
const PENDING = "pending";
const OPEN = "open";
const LIFETIME_MS = 10 * 60 * 1000;
const PATIENCE_MS = 10_000;

let wasFull = false;

export class KeyStoreUnavailable extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/*
 * Answers whether the key is kept. `userHint` is any text the taking page wants to compare; `kind`
 * and `slotId` say which slots the key is worth trying on.
 */
export function putPending(
  wrapKey,
  { userHint = null, kind = "password", slotId = null, at = Date.now() } = {},
) {
  return softly(false, async () => {
    if (wrapKey.extractable) throw new KeyStoreUnavailable("an extractable key is not kept");
    const record = { wrapKey, userHint, kind, slotId, savedAt: at };
    await inStore((store) => [store.put(record, PENDING)]);
    return true;
  });
}

/* Answers {wrapKey, userHint, kind, slotId, savedAt} once, or null: nothing kept, too old, or no store. */
export function takePending({ at = Date.now() } = {}) {
  return softly(null, async () => {
    const [record] = await inStore((store) => [store.get(PENDING), store.delete(PENDING)]);
    return isYoung(record, at) ? record : null;
  });
}

/* The same without taking it, unless it is too old. */
export function readPending({ at = Date.now() } = {}) {
  return softly(null, async () => {
    const [record] = await inStore((store) => [store.get(PENDING)]);
    if (isYoung(record, at)) return record;
    if (record !== undefined) await inStore((store) => [store.delete(PENDING)]);
    return null;
  });
}

function isYoung(record, at) {
  if (record === undefined) return false;
  const age = at - record.savedAt;
  // A key from the future means that the clock was set back; its age is not known.
  return age >= 0 && age <= LIFETIME_MS;
}

/* Keeps {userId, vaultKeyId, nonce, ciphertext}: nothing in it is secret by itself. */
export function putOpen(record) {
  return softly(false, async () => {
    await inStore((store) => [store.put(record, OPEN)]);
    return true;
  });
}

export function readOpen() {
  return softly(null, async () => {
    const [record] = await inStore((store) => [store.get(OPEN)]);
    return record ?? null;
  });
}

/* Whether what was asked for last failed because the browser has no room left. */
export function hadNoRoom() {
  return wasFull;
}

/* Removes every key. Answers whether that is certain. */
export function wipe() {
  return softly(false, async () => {
    await inStore((store) => [store.clear()]);
    return true;
  });
}

async function softly(otherwise, work) {
  wasFull = false;
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof KeyStoreUnavailable)) throw error;
    console.warn("key store:", error.message);
    wasFull = error.cause?.name === "QuotaExceededError";
    return otherwise;
  }
}

/* Runs requests in one transaction, so that two tabs cannot both take the key. */
async function inStore(work) {
  const database = await open();
  try {
    return await inTransaction(database, work);
  } finally {
    database.close();
  }
}

function open() {
  return settled((resolve, reject) => {
    const opening = indexedDB.open(DATABASE, VERSION);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
    opening.onblocked = () => reject(new Error("another tab holds an older store"));
  });
}

function inTransaction(database, work) {
  return settled((resolve, reject) => {
    const transaction = database.transaction(STORE, "readwrite");
    const requests = work(transaction.objectStore(STORE));
    transaction.oncomplete = () => resolve(requests.map((request) => request.result));
    transaction.onabort = () => reject(transaction.error);
  });
}

/*
 * Every fault of the store becomes one class. Some browsers never answer at all when storage is
 * switched off, and a form must not wait for them.
 */
async function settled(start) {
  let timer;
  const impatience = (reject) => setTimeout(() => reject(new Error("no answer")), PATIENCE_MS);
  try {
    return await new Promise((resolve, reject) => {
      timer = impatience(reject);
      start(resolve, reject);
    });
  } catch (error) {
    throw new KeyStoreUnavailable(String(error?.message ?? error), { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
