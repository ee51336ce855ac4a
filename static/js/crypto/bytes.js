import { MalformedData } from "./errors.js";

const BASE64URL = /^[A-Za-z0-9_-]*$/;

export function randomBytes(length) {
  return crypto.getRandomValues(new Uint8Array(length));
}

export function wipe(bytes) {
  bytes.fill(0);
}

export function utf8(text) {
  // TextEncoder would turn half a character into U+FFFD, and many passwords into one.
  if (/\p{Surrogate}/u.test(text)) throw new MalformedData("text with a lone surrogate");
  return new TextEncoder().encode(text);
}

export function encodeBase64url(bytes) {
  const binary = Array.from(bytes, (byte) => String.fromCharCode(byte)).join("");
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/* Strict: no padding, no other alphabet, no stray bits in the last character. */
export function decodeBase64url(text, length) {
  if (typeof text !== "string" || !BASE64URL.test(text) || text.length % 4 === 1) {
    throw new MalformedData("not base64url");
  }
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
  if (encodeBase64url(bytes) !== text) throw new MalformedData("base64url with stray bits");
  if (length !== undefined && bytes.length !== length) {
    throw new MalformedData(`${bytes.length} bytes instead of ${length}`);
  }
  return bytes;
}
