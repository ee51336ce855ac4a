/*
 * The notes recovery key: 256 random bits on paper.
 *
 *   bits 0 to 255    the key, most significant bit first
 *   bits 256 to 259  the check: the first four bits of SHA-256("authnode/v1/recovery-check" key)
 *
 * The 260 bits are 52 characters of five, in Crockford's base32 (no I, L, O, U), written as 13
 * groups of four with hyphens between. Reading forgives case, spaces and hyphens, O for 0, and I
 * or L for 1. The check finds fifteen of sixteen slips; the slot finds the others.
 *
 *   wrap key = HKDF-SHA-256(key, salt "", info "authnode/v1/recovery", 32 bytes)
 *   proof    = HKDF-SHA-256(key, salt "", info "authnode/v1/recovery-proof", 32 bytes)
 *
 * The server keeps the proof, so that it can ask for it at a reset; it opens nothing.
 */

import { encodeBase64url, randomBytes, utf8 } from "./bytes.js";
import { MalformedData, MistypedKey } from "./errors.js";
import { deriveWrapping, hkdf, importMaterial } from "./kdf.js";

export const GROUPS = 13;

const KEY_BYTES = 32;
const CHECK_BITS = 4n;
const CHARACTERS = 52;
const ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
const WRITTEN = /^[0-9A-HJKMNP-TV-Z]{52}$/;

export function makeRecoveryKey() {
  return randomBytes(KEY_BYTES);
}

export async function formatRecoveryKey(key) {
  checkLength(key);
  let bits = (toNumber(key) << CHECK_BITS) | (await checkOf(key));
  let text = "";
  for (let count = 0; count < CHARACTERS; count += 1) {
    text = ALPHABET[Number(bits & 31n)] + text;
    bits >>= 5n;
  }
  return text.match(/.{4}/g).join("-");
}

/* Throws MalformedData for what is no key at all, MistypedKey for one with a slip in it. */
export async function parseRecoveryKey(text) {
  const written = tidyRecoveryText(text);
  if (!WRITTEN.test(written)) throw new MalformedData("a recovery key has 52 characters");
  let bits = 0n;
  for (const character of written) bits = (bits << 5n) | BigInt(ALPHABET.indexOf(character));
  const key = fromNumber(bits >> CHECK_BITS);
  if ((await checkOf(key)) !== (bits & 15n)) throw new MistypedKey("recovery key");
  return key;
}

/* As it would be written: also for comparing a single group that somebody types back. */
export function tidyRecoveryText(text) {
  if (typeof text !== "string") throw new MalformedData("a recovery key is text");
  const plain = text.replace(/[\s-]/g, "");
  // Outside of ASCII a capital may be two letters, and a digit may look like another.
  if (/[^0-9A-Za-z]/.test(plain)) throw new MalformedData("a recovery key is plain letters");
  return plain.toUpperCase().replaceAll("O", "0").replace(/[IL]/g, "1");
}

export async function deriveRecoveryWrapKey(key) {
  return deriveWrapping(await material(key), "authnode/v1/recovery");
}

/* Answers 43 characters of base64url. */
export async function deriveRecoveryProof(key) {
  const proof = hkdf("authnode/v1/recovery-proof");
  return encodeBase64url(
    new Uint8Array(await crypto.subtle.deriveBits(proof, await material(key), 256)),
  );
}

function material(key) {
  checkLength(key);
  // A copy, because the material wipes what it was made from.
  return importMaterial(Uint8Array.from(key));
}

async function checkOf(key) {
  const label = utf8("authnode/v1/recovery-check");
  const bytes = new Uint8Array(label.length + key.length);
  bytes.set(label);
  bytes.set(key, label.length);
  const [first] = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return BigInt(first >> 4);
}

function checkLength(key) {
  if (!(key instanceof Uint8Array) || key.length !== KEY_BYTES) {
    throw new MalformedData("a recovery key has 32 bytes");
  }
}

function toNumber(bytes) {
  return bytes.reduce((number, byte) => (number << 8n) | BigInt(byte), 0n);
}

function fromNumber(number) {
  const bytes = new Uint8Array(KEY_BYTES);
  for (let at = KEY_BYTES - 1; at >= 0; at -= 1) {
    bytes[at] = Number(number & 255n);
    number >>= 8n;
  }
  return bytes;
}
