/*
 * One note, sealed. Every save has a key of its own, so that knowing one opens no other save.
 *
 *   record key = HKDF-SHA-256(content key, salt 32 random bytes, info "authnode/v1/record")
 *   ciphertext = AES-256-GCM(record key, 12 random bytes, padded JSON, additional data
 *                "authnode/v1/note|" user id "|" vault_key_id "|" entry id "|" revision)
 *
 * A draft that is not saved yet has "authnode/v1/draft|" there, and the revision it would become.
 */

import { randomBytes, utf8 } from "./bytes.js";
import { NONCE_BYTES, SALT_BYTES, checkRevision, parseSealed, writeSealed } from "./envelope.js";
import { MalformedData, WrongKey } from "./errors.js";
import { VERSION, checkVersion, hkdf } from "./kdf.js";
import { checkId } from "./keyslot.js";
import { pad, unpad } from "./padding.js";

const KINDS = ["text", "hidden", "url"];
const DAY = /^\d{4}-\d\d-\d\d$/;
const NOTE = "note";

/* place: {userId, vaultKeyId, entryId, revision, what}, where `what` is "note" or "draft". */
export async function sealNote({ contentKey, plain, place }) {
  const salt = randomBytes(SALT_BYTES);
  const nonce = randomBytes(NONCE_BYTES);
  const key = await recordKey(contentKey, salt, "encrypt");
  const padded = pad(encodePlain(plain));
  const ciphertext = await crypto.subtle.encrypt(gcm(nonce, place), key, padded);
  return writeSealed({ ...place, salt, nonce, ciphertext: new Uint8Array(ciphertext) });
}

/* Throws WrongKey for altered bytes, and for what belongs to another place. */
export async function openNote({ contentKey, sealed, userId, entryId, what = NOTE }) {
  const { vaultKeyId, revision, salt, nonce, ciphertext } = parseSealed(sealed);
  const key = await recordKey(contentKey, salt, "decrypt");
  const place = { userId, vaultKeyId, entryId, revision, what };
  try {
    const padded = await crypto.subtle.decrypt(gcm(nonce, place), key, ciphertext);
    return decodePlain(unpad(new Uint8Array(padded)));
  } catch (error) {
    if (error.name === "OperationError") throw new WrongKey(what, { cause: error });
    throw error;
  }
}

/* How many bytes a note takes, of padding.MOST_BYTES. */
export function sizeOf(plain) {
  return utf8(JSON.stringify(plain)).length;
}

export function emptyPlain() {
  return { v: VERSION, note: "", fields: [], codes: [] };
}

export function checkPlain(plain) {
  checkVersion(plain);
  checkText(plain, ["v", "note", "fields", "codes"], ["note"]);
  if (!Array.isArray(plain.fields) || !Array.isArray(plain.codes)) throw new MalformedData("lists");
  for (const field of plain.fields) {
    checkText(field, ["name", "value", "kind"], ["name", "value"]);
    if (!KINDS.includes(field.kind)) throw new MalformedData("kind of field");
  }
  for (const row of plain.codes) {
    checkText(row, ["code", "used_on"], ["code"]);
    if (row.used_on !== null && !DAY.test(row.used_on)) throw new MalformedData("day");
  }
  return plain;
}

function encodePlain(plain) {
  return utf8(JSON.stringify(checkPlain(plain)));
}

function decodePlain(bytes) {
  let plain;
  try {
    plain = JSON.parse(new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    throw new MalformedData("not JSON", { cause: error });
  }
  return checkPlain(plain);
}

function checkText(object, fields, texts) {
  const found = object !== null && typeof object === "object" ? Object.keys(object) : [];
  if (found.sort().join() !== fields.sort().join()) throw new MalformedData("fields of a note");
  if (texts.some((name) => typeof object[name] !== "string")) throw new MalformedData("text");
}

function recordKey(contentKey, salt, usage) {
  const aes = { name: "AES-GCM", length: 256 };
  const derivation = { ...hkdf("authnode/v1/record"), salt };
  return crypto.subtle.deriveKey(derivation, contentKey, aes, false, [usage]);
}

function gcm(iv, { userId, vaultKeyId, entryId, revision, what = NOTE }) {
  for (const id of [userId, vaultKeyId, entryId]) checkId(id);
  checkRevision(revision);
  const parts = [`authnode/v1/${what}`, userId, vaultKeyId, entryId, revision];
  return { name: "AES-GCM", iv, additionalData: utf8(parts.join("|")), tagLength: 128 };
}
