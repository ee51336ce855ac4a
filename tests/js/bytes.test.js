import assert from "node:assert/strict";
import { test } from "node:test";

import {
  decodeBase64url,
  encodeBase64url,
  randomBytes,
  utf8,
  wipe,
} from "../../static/js/crypto/bytes.js";
import { MalformedData } from "../../static/js/crypto/errors.js";
import { fromHex, hex } from "./support.js";

test("base64url comes back at every length", () => {
  for (let length = 0; length <= 70; length += 1) {
    const bytes = randomBytes(length);
    const text = encodeBase64url(bytes);
    assert.equal(text, Buffer.from(bytes).toString("base64url"));
    assert.deepEqual(decodeBase64url(text, length), bytes);
  }
});

test("uses the URL alphabet", () => {
  assert.equal(encodeBase64url(fromHex("fbefff")), "--__");
});

const padded = ["AA==", "AAA="];
const otherAlphabet = ["+w", "/w", " AA", "AA\n", "AÄ", "AA.A"];
const strayBits = ["A", "AAAAA", "AB", "AAB"];
const noText = [null, undefined, 7, {}];
for (const text of [...padded, ...otherAlphabet, ...strayBits, ...noText]) {
  test(`refuses ${JSON.stringify(text)} as base64url`, () => {
    assert.throws(() => decodeBase64url(text), MalformedData);
  });
}

test("refuses another length than the expected one", () => {
  assert.throws(() => decodeBase64url("AAAA", 4), MalformedData);
});

test("refuses half a character", () => {
  assert.throws(() => utf8("half \ud83d"), MalformedData);
  assert.throws(() => utf8("\udc4d half"), MalformedData);
  assert.equal(hex(utf8("\ud83d\udc4d")), "f09f918d");
});

test("wipes bytes in place", () => {
  const bytes = fromHex("0102");
  wipe(bytes);
  assert.equal(hex(bytes), "0000");
});
