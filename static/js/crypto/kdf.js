/*
 * The password split. One slow derivation in the browser, two keys that say nothing about each
 * other: the auth secret goes to the server, the wrap key never leaves the browser.
 *
 *   master      = PBKDF2-HMAC-SHA-256(NFKC(password) as UTF-8, salt, iterations, 32 bytes)
 *   auth secret = HKDF-SHA-256(master, salt "", info "authnode/v1/auth", 32 bytes)
 *   wrap key    = HKDF-SHA-256(master, salt "", info "authnode/v1/wrap", 32 bytes)
 *
 * Parameters on the wire: {v: 1, salt: base64url of 16 bytes, iterations}.
 */

import { decodeBase64url, encodeBase64url, randomBytes, utf8, wipe } from "./bytes.js";
import { MalformedData, ParameterOutOfRange, UnsupportedVersion } from "./errors.js";

export const VERSION = 1;
export const SALT_BYTES = 16;
export const MIN_ITERATIONS = 600_000;
export const MAX_ITERATIONS = 10_000_000;

export function hasWebCrypto() {
  return globalThis.crypto?.subtle !== undefined;
}

export function makeSalt() {
  return randomBytes(SALT_BYTES);
}

export function checkVersion(structure) {
  if (structure === null || typeof structure !== "object" || !Number.isInteger(structure.v)) {
    throw new MalformedData("no version");
  }
  if (structure.v !== VERSION) throw new UnsupportedVersion(`version ${structure.v}`);
}

export function checkIterations(iterations) {
  // A hostile server could ask for one iteration to make guessing cheap, or for hours of work.
  if (!Number.isInteger(iterations)) throw new MalformedData("iterations is not a whole number");
  if (iterations < MIN_ITERATIONS || iterations > MAX_ITERATIONS) {
    throw new ParameterOutOfRange(`iterations ${iterations}`);
  }
}

export function checkSalt(salt) {
  if (!(salt instanceof Uint8Array) || salt.length !== SALT_BYTES) {
    throw new MalformedData("salt is not 16 bytes");
  }
}

export function parseParameters(answer) {
  checkVersion(answer);
  checkIterations(answer.iterations);
  return { salt: decodeBase64url(answer.salt, SALT_BYTES), iterations: answer.iterations };
}

export async function deriveMaster(password, salt, iterations) {
  checkSalt(salt);
  checkIterations(iterations);
  const typed = utf8(password.normalize("NFKC"));
  const base = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveBits"]);
  wipe(typed);
  // WebCrypto cannot derive straight into HKDF material (it has no key length), so the bits
  // exist for a moment.
  const algorithm = { name: "PBKDF2", hash: "SHA-256", salt, iterations };
  return importMaterial(new Uint8Array(await crypto.subtle.deriveBits(algorithm, base, 256)));
}

/* Answers what a form posts: 43 characters of base64url. */
export async function deriveAuthSecret(master) {
  const bits = await crypto.subtle.deriveBits(hkdf("authnode/v1/auth"), master, 256);
  return encodeBase64url(new Uint8Array(bits));
}

export function deriveWrapKey(master) {
  return deriveWrapping(master, "authnode/v1/wrap");
}

/* HKDF material that cannot be read back; the bytes are wiped. */
export async function importMaterial(bytes) {
  try {
    return await crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits", "deriveKey"]);
  } finally {
    wipe(bytes);
  }
}

/* A key that closes and opens slots and nothing else. */
export function deriveWrapping(material, label) {
  const aes = { name: "AES-GCM", length: 256 };
  return crypto.subtle.deriveKey(hkdf(label), material, aes, false, ["wrapKey", "unwrapKey"]);
}

export function hkdf(label) {
  return { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info: utf8(label) };
}
