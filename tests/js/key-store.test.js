import assert from "node:assert/strict";
import { afterEach, beforeEach, mock, test } from "node:test";

import { hadNoRoom, putPending, takePending, wipe } from "../../static/js/lib/key-store.js";
import { aesKey } from "./support.js";

// Node has no IndexedDB: what works is proved in a browser, what fails is proved here.
beforeEach(() => mock.method(console, "warn", () => {}));

afterEach(() => {
  mock.restoreAll();
  delete globalThis.indexedDB;
});

const wrapKey = () => aesKey(new Uint8Array(32), ["unwrapKey"]);

async function answersSoftly() {
  assert.equal(await putPending(await wrapKey()), false);
  assert.equal(await takePending(), null);
  assert.equal(await wipe(), false);
}

test("answers softly without IndexedDB", answersSoftly);

test("answers softly when the browser refuses", async () => {
  const open = () => {
    throw new DOMException("denied", "SecurityError");
  };
  globalThis.indexedDB = { open };
  await answersSoftly();
  assert.equal(hadNoRoom(), false);
});

test("answers softly when opening fails", async () => {
  const open = () => {
    const opening = { error: new DOMException("no room", "QuotaExceededError") };
    queueMicrotask(() => opening.onerror());
    return opening;
  };
  globalThis.indexedDB = { open };
  await answersSoftly();
  assert.equal(hadNoRoom(), true);
});

test("tells a full store from one that is not there", async () => {
  const transaction = { objectStore: () => ({ put: () => ({}) }) };
  const full = () => {
    transaction.error = new DOMException("no room", "QuotaExceededError");
    queueMicrotask(() => transaction.onabort());
    return transaction;
  };
  const open = () => {
    const opening = { result: { transaction: full, close() {} } };
    queueMicrotask(() => opening.onsuccess());
    return opening;
  };
  globalThis.indexedDB = { open };
  assert.equal(await putPending(await wrapKey()), false);
  assert.equal(hadNoRoom(), true);

  delete globalThis.indexedDB;
  assert.equal(await putPending(await wrapKey()), false);
  assert.equal(hadNoRoom(), false);
});

test("does not wait for a store that never answers", async (context) => {
  context.mock.timers.enable({ apis: ["setTimeout"] });
  globalThis.indexedDB = { open: () => ({}) };
  const taking = takePending();
  context.mock.timers.tick(10_000);
  assert.equal(await taking, null);
});

test("does not keep a key that can be read back", async () => {
  const readable = await aesKey(new Uint8Array(32), ["unwrapKey"], true);
  assert.equal(await putPending(readable), false);
});
