/*
 * A key slot holds the vault key wrapped for one way of opening it; here, the password.
 *
 *   {v: 1, kind: "password", slot_id, vault_key_id, nonce, ciphertext, iterations, salt}
 *
 * slot_id and vault_key_id are lower-case hyphenated UUIDs. nonce (12 bytes, 16 characters),
 * ciphertext (48 bytes, 64 characters: the vault key and the 16-byte tag) and salt (16 bytes,
 * 22 characters) are base64url. No other field is allowed.
 *
 * The seal is AES-256-GCM over the 32 bytes of the vault key, with the additional data
 * "authnode/v1/slot|" user id "|" vault_key_id "|" kind "|" slot_id "|" iterations
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
const FIELDS = "ciphertext,iterations,kind,nonce,salt,slot_id,v,vault_key_id";
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

// WebCrypto has no extractable HKDF material. A vault key that is still to be wrapped is
// therefore an AES key by name; nothing encrypts with it.
const WRAPPABLE = { algorithm: "AES-GCM", extractable: true, usages: ["encrypt"] };
const USABLE = { algorithm: "HKDF", extractable: false, usages: ["deriveKey", "deriveBits"] };

export function makeVaultKey() {
  const aes = { name: WRAPPABLE.algorithm, length: 256 };
  return crypto.subtle.generateKey(aes, WRAPPABLE.extractable, WRAPPABLE.usages);
}

/* context: {userId, vaultKeyId, kind: "password", slotId, iterations, salt: Uint8Array(16)} */
export async function wrapVaultKey({ wrapKey, vaultKey, context }) {
  checkSalt(context.salt);
  const nonce = randomBytes(NONCE_BYTES);
  const seal = gcm(nonce, slotAad(context));
  const ciphertext = new Uint8Array(await crypto.subtle.wrapKey("raw", vaultKey, wrapKey, seal));
  if (ciphertext.length !== CIPHERTEXT_BYTES) throw new MalformedData("vault key is not 32 bytes");
  return {
    v: VERSION,
    kind: context.kind,
    slot_id: context.slotId,
    vault_key_id: context.vaultKeyId,
    nonce: encodeBase64url(nonce),
    ciphertext: encodeBase64url(ciphertext),
    iterations: context.iterations,
    salt: encodeBase64url(context.salt),
  };
}

/* Answers the vault key as HKDF material that cannot be read back. */
export function unwrapVaultKey({ wrapKey, slot, userId }) {
  return openSlot(wrapKey, slot, userId, USABLE);
}

/* Closes the vault key of an old slot under a new wrap key; the key itself stays the same. */
export async function rewrapVaultKey(oldWrapKey, oldSlot, newWrapKey, newContext) {
  const vaultKey = await openSlot(oldWrapKey, oldSlot, newContext.userId, WRAPPABLE);
  if (oldSlot.vault_key_id !== newContext.vaultKeyId) {
    throw new MalformedData("the new slot names another vault key");
  }
  return wrapVaultKey({ wrapKey: newWrapKey, vaultKey, context: newContext });
}

export function parsePasswordSlot(slot) {
  checkVersion(slot);
  if (Object.keys(slot).sort().join() !== FIELDS) throw new MalformedData("slot fields");
  checkKind(slot.kind);
  checkId(slot.slot_id);
  checkId(slot.vault_key_id);
  checkIterations(slot.iterations);
  return {
    kind: slot.kind,
    slotId: slot.slot_id,
    vaultKeyId: slot.vault_key_id,
    nonce: decodeBase64url(slot.nonce, NONCE_BYTES),
    ciphertext: decodeBase64url(slot.ciphertext, CIPHERTEXT_BYTES),
    iterations: slot.iterations,
    salt: decodeBase64url(slot.salt, SALT_BYTES),
  };
}

export function slotAad({ userId, vaultKeyId, kind, slotId, iterations }) {
  checkKind(kind);
  for (const id of [userId, vaultKeyId, slotId]) checkId(id);
  checkIterations(iterations);
  return utf8(["authnode/v1/slot", userId, vaultKeyId, kind, slotId, iterations].join("|"));
}

async function openSlot(wrapKey, slot, userId, target) {
  const parsed = parsePasswordSlot(slot);
  const seal = gcm(parsed.nonce, slotAad({ ...parsed, userId }));
  const { algorithm, extractable, usages } = target;
  try {
    return await crypto.subtle.unwrapKey(
      "raw", parsed.ciphertext, wrapKey, seal, algorithm, extractable, usages,
    );
  } catch (error) {
    // The one sign of a tag that does not match; anything else is a fault to be seen.
    if (error.name === "OperationError") throw new WrongKey("slot", { cause: error });
    throw error;
  }
}

function gcm(nonce, additionalData) {
  return { name: "AES-GCM", iv: nonce, additionalData, tagLength: 128 };
}

function checkKind(kind) {
  if (kind !== "password") throw new MalformedData("slot kind");
}

function checkId(id) {
  if (typeof id !== "string" || !UUID.test(id)) throw new MalformedData("id is not a UUID");
}
