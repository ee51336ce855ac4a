/*
 * A key slot holds the vault key wrapped for one way of opening it.
 *
 *   {v: 1, kind, slot_id, vault_key_id, nonce, ciphertext}                    passkey, recovery
 *   {v: 1, kind, slot_id, vault_key_id, nonce, ciphertext, iterations, salt}  password
 *   {v: 1, kind, slot_id, vault_key_id, nonce, ciphertext, newer_key_id}      older
 *
 * Ids are lower-case hyphenated UUIDs; vault_key_id always names the key inside. nonce (12 bytes,
 * 16 characters), ciphertext (48 bytes, 64 characters: the vault key and the 16-byte tag) and salt
 * (16 bytes, 22 characters) are base64url. No other field is allowed.
 *
 * The seal is AES-256-GCM over the 32 bytes of the vault key, with the additional data
 * "authnode/v1/slot|" user id "|" vault_key_id "|" kind "|" slot_id
 * and, after another "|", the iterations (password) or newer_key_id (older),
 * so that a slot moved to another user, key or place does not open.
 *
 * The raw bytes of a vault key never reach JavaScript: it is wrapped from, and unwrapped into,
 * keys that the browser holds.
 */

import { decodeBase64url, encodeBase64url, randomBytes, utf8 } from "./bytes.js";
import { MalformedData, WrongKey } from "./errors.js";
import { SALT_BYTES, VERSION, checkIterations, checkSalt, checkVersion } from "./kdf.js";

const NONCE_BYTES = 12;
const CIPHERTEXT_BYTES = 48;
const FIELDS = ["v", "kind", "slot_id", "vault_key_id", "nonce", "ciphertext"];
const MORE_FIELDS = {
  password: ["iterations", "salt"],
  passkey: [],
  recovery: [],
  older: ["newer_key_id"],
};
const EMPTY = new Uint8Array();
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// WebCrypto has no extractable HKDF material. A vault key that is still to be wrapped is
// therefore an AES key by name; nothing encrypts with it.
const WRAPPABLE = { algorithm: "AES-GCM", extractable: true, usages: ["encrypt"] };
const USABLE = { algorithm: "HKDF", extractable: false, usages: ["deriveKey", "deriveBits"] };

/* The HKDF form of a wrappable vault key, without its bytes being read. */
export async function asMaterial(vaultKey) {
  const aes = { name: "AES-GCM", length: 256 };
  const passing = await crypto.subtle.generateKey(aes, false, ["wrapKey", "unwrapKey"]);
  return reopenVaultKey(await closeVaultKey(vaultKey, passing, EMPTY), passing, EMPTY);
}

export function makeVaultKey() {
  const aes = { name: WRAPPABLE.algorithm, length: 256 };
  return crypto.subtle.generateKey(aes, WRAPPABLE.extractable, WRAPPABLE.usages);
}

/*
 * context: {userId, vaultKeyId, kind, slotId} and what the kind adds: iterations and
 * salt: Uint8Array(16) for a password, newerKeyId for an older key.
 */
export async function wrapVaultKey({ wrapKey, vaultKey, context }) {
  const additionalData = slotAad(context);
  if (context.kind === "password") checkSalt(context.salt);
  const { nonce, ciphertext } = await closeVaultKey(vaultKey, wrapKey, additionalData);
  return {
    v: VERSION,
    kind: context.kind,
    slot_id: context.slotId,
    vault_key_id: context.vaultKeyId,
    nonce,
    ciphertext,
    ...moreFields(context),
  };
}

/* Answers the vault key as HKDF material that cannot be read back. */
export function unwrapVaultKey({ wrapKey, slot, userId }) {
  return openSlot(wrapKey, slot, userId, USABLE);
}

/* Answers the vault key in the one form that can be wrapped again; nothing else is done with it. */
export function unwrapForWrapping({ wrapKey, slot, userId }) {
  return openSlot(wrapKey, slot, userId, WRAPPABLE);
}

/* {slot, vaultKey} of the first slot that a wrap key opens, with the key ready to be wrapped. */
export async function firstThatOpens(slots, wrapKey, userId) {
  for (const slot of slots) {
    try {
      return { slot, vaultKey: await unwrapForWrapping({ wrapKey, slot, userId }) };
    } catch (error) {
      if (!(error instanceof WrongKey)) throw error;
    }
  }
  throw new WrongKey("no slot opens");
}

/* Closes the vault key of an old slot under a new wrap key; the key itself stays the same. */
export async function rewrapVaultKey(oldWrapKey, oldSlot, newWrapKey, newContext) {
  const vaultKey = await openSlot(oldWrapKey, oldSlot, newContext.userId, WRAPPABLE);
  if (oldSlot.vault_key_id !== newContext.vaultKeyId) {
    throw new MalformedData("the new slot names another vault key");
  }
  return wrapVaultKey({ wrapKey: newWrapKey, vaultKey, context: newContext });
}

export function parseSlot(slot) {
  checkVersion(slot);
  checkKind(slot.kind);
  const fields = [...FIELDS, ...MORE_FIELDS[slot.kind]].sort().join();
  if (Object.keys(slot).sort().join() !== fields) throw new MalformedData("slot fields");
  checkId(slot.slot_id);
  checkId(slot.vault_key_id);
  return {
    kind: slot.kind,
    slotId: slot.slot_id,
    vaultKeyId: slot.vault_key_id,
    nonce: decodeBase64url(slot.nonce, NONCE_BYTES),
    ciphertext: decodeBase64url(slot.ciphertext, CIPHERTEXT_BYTES),
    ...parseMore(slot),
  };
}

export function parsePasswordSlot(slot) {
  const parsed = parseSlot(slot);
  if (parsed.kind !== "password") throw new MalformedData("slot kind");
  return parsed;
}

export function slotAad(context) {
  const { userId, vaultKeyId, kind, slotId } = context;
  checkKind(kind);
  for (const id of [userId, vaultKeyId, slotId]) checkId(id);
  const parts = ["authnode/v1/slot", userId, vaultKeyId, kind, slotId, ...bound(context)];
  return utf8(parts.join("|"));
}

/*
 * The seal alone, for a place that is no slot: {nonce, ciphertext} as base64url. The session's own
 * copy of an open vault key is closed like this.
 */
export async function closeVaultKey(vaultKey, wrapKey, additionalData) {
  const nonce = randomBytes(NONCE_BYTES);
  const seal = gcm(nonce, additionalData);
  const ciphertext = new Uint8Array(await crypto.subtle.wrapKey("raw", vaultKey, wrapKey, seal));
  if (ciphertext.length !== CIPHERTEXT_BYTES) throw new MalformedData("vault key is not 32 bytes");
  return { nonce: encodeBase64url(nonce), ciphertext: encodeBase64url(ciphertext) };
}

export function reopenVaultKey({ nonce, ciphertext }, wrapKey, additionalData, options = {}) {
  const sealed = {
    nonce: decodeBase64url(nonce, NONCE_BYTES),
    ciphertext: decodeBase64url(ciphertext, CIPHERTEXT_BYTES),
  };
  return open(sealed, wrapKey, additionalData, options.toWrap ? WRAPPABLE : USABLE);
}

async function openSlot(wrapKey, slot, userId, target) {
  const parsed = parseSlot(slot);
  return open(parsed, wrapKey, slotAad({ ...parsed, userId }), target);
}

async function open({ nonce, ciphertext }, wrapKey, additionalData, target) {
  const { algorithm, extractable, usages } = target;
  try {
    return await crypto.subtle.unwrapKey(
      "raw", ciphertext, wrapKey, gcm(nonce, additionalData), algorithm, extractable, usages,
    );
  } catch (error) {
    // The one sign of a tag that does not match; anything else is a fault to be seen.
    if (error.name === "OperationError") throw new WrongKey("slot", { cause: error });
    throw error;
  }
}

function moreFields({ kind, iterations, salt, newerKeyId }) {
  if (kind === "password") return { iterations, salt: encodeBase64url(salt) };
  if (kind === "older") return { newer_key_id: newerKeyId };
  return {};
}

function parseMore({ kind, vault_key_id: vaultKeyId, iterations, salt, newer_key_id: newer }) {
  if (kind === "password") {
    checkIterations(iterations);
    return { iterations, salt: decodeBase64url(salt, SALT_BYTES) };
  }
  if (kind === "older") {
    checkNewer(newer, vaultKeyId);
    return { newerKeyId: newer };
  }
  return {};
}

/* What a kind binds besides the place of the slot. */
function bound({ kind, iterations, vaultKeyId, newerKeyId }) {
  if (kind === "password") {
    checkIterations(iterations);
    return [iterations];
  }
  if (kind === "older") {
    checkNewer(newerKeyId, vaultKeyId);
    return [newerKeyId];
  }
  return [];
}

function gcm(nonce, additionalData) {
  return { name: "AES-GCM", iv: nonce, additionalData, tagLength: 128 };
}

function checkKind(kind) {
  const isKnown = typeof kind === "string" && Object.hasOwn(MORE_FIELDS, kind);
  if (!isKnown) throw new MalformedData("slot kind");
}

function checkNewer(newerKeyId, vaultKeyId) {
  checkId(newerKeyId);
  if (newerKeyId === vaultKeyId) throw new MalformedData("a key cannot wrap itself");
}

export function checkId(id) {
  if (typeof id !== "string" || !UUID.test(id)) throw new MalformedData("id is not a UUID");
}
