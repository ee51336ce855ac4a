/* Standard Base64 with padding, as files of other apps have it. */

import { MalformedData } from "./errors.js";

export function encodeBase64(bytes) {
  const pieces = [];
  // A call takes some ten thousand arguments at most.
  for (let start = 0; start < bytes.length; start += 0x2000) {
    pieces.push(String.fromCharCode(...bytes.subarray(start, start + 0x2000)));
  }
  return btoa(pieces.join(""));
}

export function decodeBase64(text) {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch (error) {
    throw new MalformedData("not base64", { cause: error });
  }
}

export function encodeHex(bytes) {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export function decodeHex(text) {
  if (typeof text !== "string" || !/^(?:[0-9a-fA-F]{2})*$/.test(text)) {
    throw new MalformedData("not hex");
  }
  return Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
}
