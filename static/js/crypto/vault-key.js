/*
 * What an open vault key derives, each by HKDF-SHA-256 with an empty salt and its own info. None
 * of the results can be read back.
 */

import { deriveWrapping, hkdf, importMaterial } from "./kdf.js";

/* HKDF material; every record derives a key of its own from it. */
export async function deriveContentKey(vaultKey) {
  const bits = await crypto.subtle.deriveBits(hkdf("authnode/v1/content"), vaultKey, 256);
  return importMaterial(new Uint8Array(bits));
}

/* An HMAC-SHA-256 key for the words of the search. */
export function deriveIndexKey(vaultKey) {
  const hmac = { name: "HMAC", hash: "SHA-256", length: 256 };
  return crypto.subtle.deriveKey(hkdf("authnode/v1/index"), vaultKey, hmac, false, ["sign"]);
}

/* Wraps the vault key that came before this one (slot kind "older"). */
export function deriveOlderWrapKey(vaultKey) {
  return deriveWrapping(vaultKey, "authnode/v1/older");
}
