import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeBase64url } from "../../static/js/crypto/bytes.js";
import * as errors from "../../static/js/crypto/errors.js";
import {
  makeCodeword, makeIndex, makeTrapdoor, termFor, termsOf, wordsOf,
} from "../../static/js/crypto/index.js";
import { emptyPlain } from "../../static/js/crypto/record.js";
import { fromHex, hex, vectors } from "./support.js";

const shared = vectors("note-index-v1.json");
const hmac = { name: "HMAC", hash: "SHA-256" };
const indexKey = await crypto.subtle.importKey(
  "raw", fromHex(shared.index_key_hex), hmac, false, ["sign"],
);
const at = { entryId: shared.entry_id, revision: shared.revision };
const noted = (note) => ({ ...emptyPlain(), note });

function split(index) {
  const found = [];
  for (let start = 0; start < index.length; start += 8) {
    found.push(hex(index.subarray(start, start + 8)));
  }
  return found;
}

test("finds the words of the vectors", () => {
  for (const { text, words } of shared.words) assert.deepEqual(wordsOf(text), words);
});

test("finds the terms of the vectors, and none of hidden fields and codes", () => {
  for (const { plain, terms } of shared.terms) {
    assert.deepEqual([...termsOf(plain)].sort(), [...terms].sort());
  }
});

test("makes the trapdoors and codewords of the vectors", async () => {
  for (const { term, trapdoor, codeword_hex: wanted } of shared.codewords) {
    const made = await makeTrapdoor(indexKey, term);
    assert.deepEqual(made, decodeBase64url(trapdoor));
    assert.equal(hex(await makeCodeword(made, at)), wanted);
  }
});

test("asks for the first eight characters of a word, and for no fewer than three", () => {
  assert.equal(termFor("ma"), null);
  assert.equal(termFor("mar"), "mar");
  assert.equal(termFor("kontonummer"), "kontonum");
  assert.equal(termFor("𝒜𝒜"), null);
});

test("fills an index up to a multiple of 64 and mixes it", async () => {
  for (const [words, size] of [[0, 64], [1, 64], [64, 64], [65, 128]]) {
    const note = Array.from({ length: words }, (_, n) => String.fromCodePoint(0x4e00 + n).repeat(3));
    const index = await makeIndex({ indexKey, plain: noted(note.join(" ")), ...at });
    assert.equal(index.length, size * 8);
    assert.equal(new Set(split(index)).size, size);
  }
});

test("holds the codeword of every term, in another order each time", async () => {
  const plain = noted("harbour lantern granite violin moss");
  const [first, second] = [await makeIndex({ indexKey, plain, ...at }),
    await makeIndex({ indexKey, plain, ...at })].map(split);
  for (const term of termsOf(plain)) {
    const codeword = hex(await makeCodeword(await makeTrapdoor(indexKey, term), at));
    assert.ok(first.includes(codeword));
    assert.ok(second.includes(codeword));
  }
  assert.notDeepEqual(first, second);
});

test("gives equal words unlike codewords in another note and another revision", async () => {
  const door = await makeTrapdoor(indexKey, "marta");
  const places = [at, { ...at, revision: 6 }, { ...at, entryId: crypto.randomUUID() }];
  const made = await Promise.all(places.map(async (each) => hex(await makeCodeword(door, each))));
  assert.equal(new Set(made).size, 3);
});

test("gives up on a note of more words than an index holds", async () => {
  const plain = noted(Array.from({ length: 70_000 }, (_, n) => String(100_000 + n)).join(" "));
  await assert.rejects(makeIndex({ indexKey, plain, ...at }), errors.TooLong);
});
