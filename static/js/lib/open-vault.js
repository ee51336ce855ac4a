/*
 * The open vault key of this session. It lies in IndexedDB sealed under 32 random bytes that the
 * server hands out to the live session only: a closed browser, an ended session or a copied
 * profile leaves bytes that open nothing.
 *
 * What asks for keys never rejects: a page gets them or null. What a person started does. The page
 * hears "notes:key-replaced" when the key that lies here is not the one in use any more.
 */

import { decodeBase64url, utf8 } from "../crypto/bytes.js";
import { CryptoRefusal, WrongKey } from "../crypto/errors.js";
import { checkVersion } from "../crypto/kdf.js";
import { closeVaultKey, firstThatOpens, reopenVaultKey } from "../crypto/keyslot.js";
import { openOlderKeys } from "../crypto/older-keys.js";
import { deriveContentKey, deriveIndexKey } from "../crypto/vault-key.js";
import { ApiRefusal, SignInNeeded, get, post } from "./api.js";
import { hadNoRoom, putOpen, readOpen, readPending, takePending, wipe } from "./key-store.js";

const SLOTS = "/settings/security/keys/slots/";
const SESSION_KEY = "/settings/security/keys/session-key/";
const LOCK = "authnode-vault";
const KEY_BYTES = 32;

/* The vault key was opened, and this browser does not keep it: no store, or no room in it. */
export class NotKept extends Error {
  constructor({ isFull }) {
    super(isFull ? "no room" : "no store");
    this.name = new.target.name;
    this.isFull = isFull;
  }
}

/*
 * Answers {contentKey, indexKey, vaultKeyId}, none of which can be read back, or null while the
 * vault key is locked here. Every call asks the server whether the session lives: a page keeps the
 * keys while it uses them, and no longer.
 */
export function openVault() {
  return softly(async () => {
    const opened = await readVaultKey(false);
    if (opened === null) return null;
    return {
      contentKey: await deriveContentKey(opened.vaultKey),
      indexKey: await deriveIndexKey(opened.vaultKey),
      vaultKeyId: opened.vaultKeyId,
    };
  });
}

/*
 * Every vault key that the open one leads to, for content that is closed with an earlier one:
 * {vaultKeyId, userId, keys}, where `keys` is a Map: vault_key_id -> {contentKey, indexKey}, or
 * null while the vault key is locked here. New content is meant for `vaultKeyId` alone. What names
 * a key that is not in `keys` stays locked, and must not be written over.
 */
export function openVaultKeys() {
  return softly(async () => {
    const opened = await readVaultKey(false);
    if (opened === null) return null;
    const { vaultKeyId, userId } = opened;
    const slots = (await fetchSlots()).slots.map(({ slot }) => slot);
    const { keys, refused } = await openOlderKeys({ ...opened, slots });
    for (const [id, { name }] of refused) console.warn("older vault key:", id, name);
    return { vaultKeyId, userId, keys: new Map(await Promise.all([...keys].map(derived))) };
  });
}

/*
 * Answers {vaultKey, vaultKeyId, userId} or null. With `toWrap` the key is in the one form that
 * can be wrapped into a further slot; without, it is HKDF material.
 */
export function openVaultKey({ toWrap = false } = {}) {
  return softly(() => readVaultKey(toWrap));
}

/* Opens the vault key with what the sign-in left behind, if it left anything. */
export function openAfterSignIn() {
  return softly(async () => {
    const pending = await readPending();
    if (pending === null) return null;
    // Removed only afterwards: somebody may leave this page before it has opened anything.
    await openAndKeep(pending);
    await takePending();
    return null;
  });
}

/*
 * Opens the vault key with a wrap key; throws WrongKey when that opens no slot of its kind, and
 * NotKept where it would be gone again at the next page.
 */
export function openWith({ wrapKey, kind, slotId = null }) {
  return locked(async () => {
    const isKept = await openAndKeep({ wrapKey, kind, slotId });
    if (!isKept) throw new NotKept({ isFull: hadNoRoom() });
    // A private window may take a key and forget it at once.
    if ((await readOpen()) === null) throw new NotKept({ isFull: false });
  });
}

/* Makes a vault key this session's open one, if the browser can; `vaultKey` must be wrappable. */
export function keepVaultKey({ vaultKey, vaultKeyId, userId }) {
  return locked(() => keep({ vaultKey, vaultKeyId, userId }));
}

/* Forgets the vault key in this browser, and answers whether that is certain. */
export function lockVault() {
  return wipe();
}

/* {userId, vaultKeyId, slots: [{kind, name, slot}]} of the signed-in person. */
export async function fetchSlots() {
  const answer = await get(SLOTS, { background: true });
  checkVersion(answer);
  return { userId: answer.user_id, vaultKeyId: answer.vault_key_id, slots: answer.slots };
}

async function derived([vaultKeyId, vaultKey]) {
  const contentKey = await deriveContentKey(vaultKey);
  return [vaultKeyId, { contentKey, indexKey: await deriveIndexKey(vaultKey) }];
}

async function openAndKeep({ wrapKey, kind, slotId }) {
  const { userId, vaultKeyId, slots } = await fetchSlots();
  const worthTrying = slots
    .filter((each) => each.kind === kind && each.slot.vault_key_id === vaultKeyId)
    .map((each) => each.slot)
    .sort((left, right) => (right.slot_id === slotId) - (left.slot_id === slotId));
  const { vaultKey, slot } = await firstThatOpens(worthTrying, wrapKey, userId);
  // Only the time shown beside the slot hangs on this.
  post(`${SLOTS}${slot.slot_id}/used/`, {}, { background: true }).catch(() => {});
  return keep({ vaultKey, vaultKeyId, userId });
}

async function keep({ vaultKey, vaultKeyId, userId }) {
  const session = await fetchSessionKey();
  const sealed = await closeVaultKey(vaultKey, session.key, place(userId, vaultKeyId));
  return putOpen({ userId, vaultKeyId, ...sealed });
}

async function readVaultKey(toWrap) {
  const record = await readOpen();
  if (record === null) return null;
  const { userId, vaultKeyId } = record;
  const session = await fetchSessionKey();
  // Somebody else's, or of a vault key that was replaced from another browser.
  if (session.userId !== userId || session.vaultKeyId !== vaultKeyId) {
    await lockVault();
    if (session.userId === userId) document.dispatchEvent(new CustomEvent("notes:key-replaced"));
    return null;
  }
  const bound = place(userId, vaultKeyId);
  const vaultKey = await reopenVaultKey(record, session.key, bound, { toWrap });
  return { vaultKey, vaultKeyId, userId };
}

async function fetchSessionKey() {
  const answer = await get(SESSION_KEY, { background: true });
  checkVersion(answer);
  const bytes = decodeBase64url(answer.key, KEY_BYTES);
  const usages = ["wrapKey", "unwrapKey"];
  const key = await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, usages);
  return { key, userId: answer.user_id, vaultKeyId: answer.vault_key_id };
}

function place(userId, vaultKeyId) {
  return utf8(["authnode/v1/session", userId, vaultKeyId].join("|"));
}

async function softly(work) {
  try {
    return await locked(work);
  } catch (error) {
    console.warn("vault key:", error.name);
    // An ended session, or a seal of another session: what lies here is of no use to anybody.
    if (error instanceof SignInNeeded || error instanceof WrongKey) await lockVault();
    else if (!isExpected(error)) console.error(error);
    return null;
  }
}

function isExpected(error) {
  return error instanceof ApiRefusal || error instanceof CryptoRefusal;
}

/* One at a time over all tabs, so that a page that asks waits for the one that opens. */
function locked(work) {
  return navigator.locks ? navigator.locks.request(LOCK, work) : work();
}
