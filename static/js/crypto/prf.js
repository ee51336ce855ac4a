/*
 * The wrap key of a passkey's slot, from the result of the WebAuthn PRF extension. There is one
 * input for all credentials: a sign-in that starts without a user cannot name one for each.
 *
 *   input    = SHA-256("authnode/v1/prf")
 *   wrap key = HKDF-SHA-256(result, salt "", info "authnode/v1/prf-wrap", 32 bytes)
 *
 * The result never leaves the browser.
 */

import { decodeBase64url } from "./bytes.js";
import { MalformedData } from "./errors.js";
import { deriveWrapping, importMaterial } from "./kdf.js";

export const PRF_INPUT = decodeBase64url("6ukuPAN5T405buRu2vIP7rO5ULeVpIDuJHaJ3hgCg1o", 32);

const RESULT_BYTES = 32;

/* `result` is the ArrayBuffer or Uint8Array that the browser answers. */
export async function deriveWrapKeyFromPrf(result) {
  const bytes = Uint8Array.from(new Uint8Array(result));
  if (bytes.length !== RESULT_BYTES) throw new MalformedData("a PRF result is not 32 bytes");
  return deriveWrapping(await importMaterial(bytes), "authnode/v1/prf-wrap");
}
