/*
 * A sealed Aegis file in the hands of who has its master key: the content is opened, changed and
 * sealed again under the same key with a fresh nonce. The slots, which wrap the key for the
 * password, stay as they are.
 */

import { decodeBase64, decodeHex, encodeBase64, encodeHex } from "./encodings.js";
import { randomBytes } from "./bytes.js";
import { WrongKey } from "./errors.js";

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/* Answers the file with `change(content)` done to its content; both are decoded JSON. */
export async function changeSealed(file, masterKey, change) {
  const key = await crypto.subtle.importKey("raw", masterKey, "AES-GCM", false, [
    "encrypt",
    "decrypt",
  ]);
  const content = await open(file, key);
  change(content);
  return seal(file, key, content);
}

async function open(file, key) {
  const { nonce, tag } = file.header.params;
  const sealed = decodeBase64(file.db);
  const whole = new Uint8Array(sealed.length + TAG_BYTES);
  whole.set(sealed);
  whole.set(decodeHex(tag), sealed.length);
  try {
    const iv = decodeHex(nonce);
    const plain = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, whole);
    return JSON.parse(new TextDecoder().decode(plain));
  } catch (error) {
    if (error.name === "OperationError") throw new WrongKey("aegis", { cause: error });
    throw error;
  }
}

async function seal(file, key, content) {
  const iv = randomBytes(NONCE_BYTES);
  const plain = new TextEncoder().encode(JSON.stringify(content));
  const sealed = new Uint8Array(await crypto.subtle.encrypt({ name: "AES-GCM", iv }, key, plain));
  const end = sealed.length - TAG_BYTES;
  const params = { nonce: encodeHex(iv), tag: encodeHex(sealed.subarray(end)) };
  return {
    ...file,
    header: { ...file.header, params },
    db: encodeBase64(sealed.subarray(0, end)),
  };
}
