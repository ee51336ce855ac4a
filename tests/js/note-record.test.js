import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeBase64url, encodeBase64url } from "../../static/js/crypto/bytes.js";
import { parseSealed, writeSealed } from "../../static/js/crypto/envelope.js";
import * as errors from "../../static/js/crypto/errors.js";
import { MOST_BYTES, pad, paddedLength, unpad } from "../../static/js/crypto/padding.js";
import { checkPlain, emptyPlain, openNote, sealNote, sizeOf } from "../../static/js/crypto/record.js";
import { deriveContentKey } from "../../static/js/crypto/vault-key.js";
import { fromHex, vectors } from "./support.js";

const shared = vectors("note-v1.json");
const userId = "3f0d6b52-8c1e-4a77-9b0a-5d2e61c4f9a8";
const vaultKeyId = "9f0d6b52-8c1e-4a77-9b0a-5d2e61c4f9a8";
const entryId = "1f0d6b52-8c1e-4a77-9b0a-5d2e61c4f9a8";
const place = { userId, vaultKeyId, entryId, revision: 4 };
const contentKey = await material(shared.vault_key_hex);
const plain = { ...emptyPlain(), note: "Marta at the desk" };

async function material(keyHex) {
  const raw = fromHex(keyHex);
  const usages = ["deriveKey", "deriveBits"];
  return deriveContentKey(await crypto.subtle.importKey("raw", raw, "HKDF", false, usages));
}

for (const vector of shared.cases) {
  const { sealed, user_id: user, entry_id: entry, what } = vector;
  test(`opens ${vector.name} as the other language closed it`, async () => {
    const opened = await openNote({ contentKey, sealed, userId: user, entryId: entry, what });
    assert.deepEqual(opened, vector.plain);
    assert.equal(sizeOf(opened), vector.plain_bytes);
    assert.equal(paddedLength(vector.plain_bytes), vector.padded_bytes);
    assert.deepEqual(writeSealed(parseSealed(sealed)), sealed);
  });
}

test("makes the record key and the additional data of the vectors", async () => {
  for (const { sealed, record_key_hex: keyHex, aad, plain: wanted } of shared.cases) {
    const key = await crypto.subtle.importKey("raw", fromHex(keyHex), "AES-GCM", false, ["decrypt"]);
    const algorithm = {
      name: "AES-GCM",
      iv: decodeBase64url(sealed.nonce),
      additionalData: new TextEncoder().encode(aad),
    };
    const bytes = await crypto.subtle.decrypt(algorithm, key, decodeBase64url(sealed.ciphertext));
    const text = new TextDecoder().decode(unpad(new Uint8Array(bytes)));
    assert.deepEqual(JSON.parse(text), wanted);
  }
});

test("opens what it seals, and seals it anew each time", async () => {
  const first = await sealNote({ contentKey, plain, place });
  const second = await sealNote({ contentKey, plain, place });
  assert.deepEqual(await openNote({ contentKey, sealed: first, userId, entryId }), plain);
  for (const name of ["salt", "nonce", "ciphertext"]) assert.notEqual(first[name], second[name]);
});

test("does not open a draft as a note", async () => {
  const sealed = await sealNote({ contentKey, plain, place: { ...place, what: "draft" } });
  await assert.rejects(openNote({ contentKey, sealed, userId, entryId }), errors.WrongKey);
  assert.deepEqual(await openNote({ contentKey, sealed, userId, entryId, what: "draft" }), plain);
});

test("opens nothing with another key", async () => {
  const sealed = await sealNote({ contentKey, plain, place });
  const other = await material("11".repeat(32));
  await assert.rejects(openNote({ contentKey: other, sealed, userId, entryId }), errors.WrongKey);
});

test("names what is wrong with an envelope", async () => {
  const sealed = await sealNote({ contentKey, plain, place });
  const cases = [
    [{ ...sealed, v: 2 }, errors.UnsupportedVersion],
    [{ ...sealed, v: undefined }, errors.MalformedData],
    [{ ...sealed, more: 1 }, errors.MalformedData],
    [{ ...sealed, salt: sealed.salt.slice(2) }, errors.MalformedData],
    [{ ...sealed, nonce: `${sealed.nonce}A` }, errors.MalformedData],
    [{ ...sealed, ciphertext: sealed.ciphertext.slice(4) }, errors.MalformedData],
    [{ ...sealed, revision: 0 }, errors.ParameterOutOfRange],
    [{ ...sealed, revision: 1.5 }, errors.MalformedData],
    [{ ...sealed, vault_key_id: vaultKeyId.toUpperCase() }, errors.MalformedData],
    [null, errors.MalformedData],
  ];
  for (const [changed, refusal] of cases) {
    assert.throws(() => parseSealed(changed), (error) => error.constructor === refusal);
  }
});

test("pads to the lengths of the vectors, and back", () => {
  for (const [length, padded] of shared.padded) {
    assert.equal(paddedLength(length), padded);
    const bytes = new Uint8Array(length).fill(7);
    assert.deepEqual(unpad(pad(bytes)), bytes);
  }
  assert.throws(() => pad(new Uint8Array(MOST_BYTES + 1)), errors.TooLong);
});

test("unpads only what it would have padded", () => {
  const good = pad(new Uint8Array(10).fill(7));
  const changed = (at, byte) => good.with(at, byte);
  for (const bad of [
    changed(255, 1), changed(3, 253), changed(0, 255), good.subarray(0, 255), new Uint8Array(512),
  ]) {
    if (bad.length === 512) bad[2] = 1;
    assert.throws(() => unpad(bad), errors.MalformedData);
  }
});

test("refuses a note that is not of its version", async () => {
  const cases = [
    { ...plain, v: 2 },
    { ...plain, note: 7 },
    { ...plain, more: 1 },
    { ...plain, fields: [{ name: "a", value: "b", kind: "file" }] },
    { ...plain, fields: [{ name: "a", value: "b" }] },
    { ...plain, codes: [{ code: "a", used_on: "yesterday" }] },
    { ...plain, codes: [null] },
    { ...plain, codes: "a" },
    null,
  ];
  for (const bad of cases) {
    assert.throws(() => checkPlain(bad), errors.CryptoRefusal);
    await assert.rejects(sealNote({ contentKey, plain: bad, place }), errors.CryptoRefusal);
  }
  assert.throws(() => checkPlain({ ...plain, v: 2 }), errors.UnsupportedVersion);
});

test("names a note of a newer version inside its seal", async () => {
  // Sealed by a browser that knows version 2: the envelope is the same, the content is not.
  const { sealed } = shared.cases[0];
  const { cases } = vectors("note-v1.json");
  assert.equal(cases[0].plain.v, 1);
  const key = await crypto.subtle.importKey(
    "raw", fromHex(shared.cases[0].record_key_hex), "AES-GCM", false, ["encrypt"],
  );
  const newer = pad(new TextEncoder().encode(JSON.stringify({ ...emptyPlain(), v: 2 })));
  const algorithm = {
    name: "AES-GCM",
    iv: decodeBase64url(sealed.nonce),
    additionalData: new TextEncoder().encode(shared.cases[0].aad),
  };
  const bytes = new Uint8Array(await crypto.subtle.encrypt(algorithm, key, newer));
  const changed = { ...sealed, ciphertext: encodeBase64url(bytes) };
  const { user_id: user, entry_id: entry } = shared.cases[0];
  await assert.rejects(
    openNote({ contentKey, sealed: changed, userId: user, entryId: entry }),
    errors.UnsupportedVersion,
  );
});
