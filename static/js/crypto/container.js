/*
 * The sealed container of exported codes (docs/formats.md), with who has its key: opened,
 * changed and sealed again under the same key. Its chunks are Fernet tokens: version 0x80, eight
 * bytes of time, IV of 16, AES-128-CBC, HMAC-SHA-256 over all before it, in base64url.
 */

import { decodeBase64, encodeBase64 } from "./encodings.js";
import { randomBytes } from "./bytes.js";
import { MalformedData, WrongKey } from "./errors.js";

const MAGIC = "AUTHNODE-EXPORT-1";
const CHUNK_BYTES = 64 * 1024;
const VERSION = 0x80;
const HEAD_BYTES = 1 + 8 + 16;
const MAC_BYTES = 32;
const DIGEST_BYTES = 32;

/* `file` is text; `key` the 44 characters of a Fernet key. `change(bytes)` answers new bytes. */
export async function changeContainer(file, key, change) {
  const [magic, header, ...tokens] = file.split("\n").filter((line) => line !== "");
  if (magic !== MAGIC || tokens.length === 0) throw new MalformedData("container");
  const keys = await importKeys(key);
  const digest = new Uint8Array(
    await crypto.subtle.digest("SHA-256", new TextEncoder().encode(header)),
  );
  const changed = await change(await open(tokens, keys, digest));
  return `${[MAGIC, header, ...(await seal(changed, keys, digest))].join("\n")}\n`;
}

async function importKeys(key) {
  const bytes = decodeBase64url(key);
  if (bytes.length !== 32) throw new MalformedData("container key");
  const hmac = { name: "HMAC", hash: "SHA-256" };
  return {
    mac: await crypto.subtle.importKey("raw", bytes.subarray(0, 16), hmac, false, [
      "sign",
      "verify",
    ]),
    cipher: await crypto.subtle.importKey("raw", bytes.subarray(16), "AES-CBC", false, [
      "encrypt",
      "decrypt",
    ]),
  };
}

async function open(tokens, keys, digest) {
  const pieces = [];
  for (const [number, token] of tokens.entries()) {
    const plain = await decrypt(decodeBase64url(token), keys);
    const start = chunkStart(number, number === tokens.length - 1, digest);
    if (start.some((byte, place) => plain[place] !== byte)) throw new MalformedData("chunk");
    pieces.push(plain.subarray(start.length));
  }
  return joined(pieces);
}

async function seal(content, keys, digest) {
  const count = Math.max(1, Math.ceil(content.length / CHUNK_BYTES));
  const tokens = [];
  for (let number = 0; number < count; number += 1) {
    const piece = content.subarray(number * CHUNK_BYTES, (number + 1) * CHUNK_BYTES);
    const start = chunkStart(number, number === count - 1, digest);
    tokens.push(encodeBase64url(await encrypt(joined([start, piece]), keys)));
  }
  return tokens;
}

function chunkStart(number, isLast, digest) {
  const start = new Uint8Array(5 + (number === 0 ? DIGEST_BYTES : 0));
  new DataView(start.buffer).setUint32(0, number);
  start[4] = isLast ? 1 : 0;
  if (number === 0) start.set(digest, 5);
  return start;
}

async function decrypt(token, keys) {
  const end = token.length - MAC_BYTES;
  if (end <= HEAD_BYTES || token[0] !== VERSION) throw new MalformedData("token");
  const signed = token.subarray(0, end);
  if (!(await crypto.subtle.verify("HMAC", keys.mac, token.subarray(end), signed))) {
    throw new WrongKey("container");
  }
  const iv = token.subarray(9, HEAD_BYTES);
  const ciphertext = token.subarray(HEAD_BYTES, end);
  return new Uint8Array(
    await crypto.subtle.decrypt({ name: "AES-CBC", iv }, keys.cipher, ciphertext),
  );
}

async function encrypt(plain, keys) {
  const head = new Uint8Array(HEAD_BYTES);
  head[0] = VERSION;
  new DataView(head.buffer).setBigUint64(1, BigInt(Math.floor(Date.now() / 1000)));
  const iv = randomBytes(16);
  head.set(iv, 9);
  const ciphertext = await crypto.subtle.encrypt({ name: "AES-CBC", iv }, keys.cipher, plain);
  const signed = joined([head, new Uint8Array(ciphertext)]);
  const mac = await crypto.subtle.sign("HMAC", keys.mac, signed);
  return joined([signed, new Uint8Array(mac)]);
}

function joined(pieces) {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let place = 0;
  for (const piece of pieces) {
    whole.set(piece, place);
    place += piece.length;
  }
  return whole;
}

/* Fernet keeps the padding that our own wire format leaves out. */
function encodeBase64url(bytes) {
  return encodeBase64(bytes).replaceAll("+", "-").replaceAll("/", "_");
}

function decodeBase64url(text) {
  return decodeBase64(text.replaceAll("-", "+").replaceAll("_", "/"));
}
