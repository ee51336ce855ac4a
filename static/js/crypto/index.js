/*
 * The words of notes as the server may search them without seeing one (after Goh, 2003).
 *
 *   term           a word of 3 to 32 characters, or its first 3, 4 … 8
 *   trapdoor(term) = HMAC-SHA-256(index key, term)
 *   codeword       = first 8 bytes of HMAC-SHA-256(trapdoor, entry id "|" revision)
 *
 * The index of a note is its codewords, filled up with random ones to a multiple of 64 and
 * shuffled. A query is trapdoors. Hidden fields and recovery codes have no words here.
 */

import { randomBytes, utf8 } from "./bytes.js";
import { checkRevision } from "./envelope.js";
import { TooLong } from "./errors.js";
import { checkId } from "./keyslot.js";

export const SHORTEST = 3;
const LONGEST = 32;
const LONGEST_PREFIX = 8;
const CODEWORD_BYTES = 8;
const STEP = 64;
const MOST_CODEWORDS = 65_536;

/* Folded so that case, width and the two Greek sigmas make no difference. */
export function fold(text) {
  const upper = text.normalize("NFKC").toUpperCase();
  return upper.toLowerCase().normalize("NFKC").replaceAll("ς", "σ");
}

export function wordsOf(text) {
  return fold(text).match(/[\p{L}\p{M}\p{Nd}]+/gu) ?? [];
}

/* The text of a note that may be searched, piece by piece. */
export function searchable({ note, fields }) {
  const shown = fields.filter(({ kind }) => kind !== "hidden").map(({ value }) => value);
  return [note, ...fields.map(({ name }) => name), ...shown];
}

export function termsOf(plain) {
  const terms = new Set();
  for (const word of searchable(plain).flatMap(wordsOf)) {
    const characters = [...word].slice(0, LONGEST);
    if (characters.length < SHORTEST) continue;
    terms.add(characters.join(""));
    const longest = Math.min(LONGEST_PREFIX, characters.length);
    for (let end = SHORTEST; end <= longest; end += 1) terms.add(characters.slice(0, end).join(""));
  }
  return terms;
}

/* The term to ask for: what the index knows of a word that may go on. */
export function termFor(word) {
  const characters = [...word];
  return characters.length < SHORTEST ? null : characters.slice(0, LONGEST_PREFIX).join("");
}

export async function makeTrapdoor(indexKey, term) {
  return new Uint8Array(await crypto.subtle.sign("HMAC", indexKey, utf8(term)));
}

export async function makeCodeword(trapdoor, { entryId, revision }) {
  checkId(entryId);
  checkRevision(revision);
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const key = await crypto.subtle.importKey("raw", trapdoor, hmac, false, ["sign"]);
  const full = await crypto.subtle.sign("HMAC", key, utf8(`${entryId}|${revision}`));
  return new Uint8Array(full, 0, CODEWORD_BYTES);
}

/* Throws TooLong for a note of more words than an index holds: it is then searched unindexed. */
export async function makeIndex({ indexKey, plain, entryId, revision }) {
  const terms = [...termsOf(plain)];
  const count = Math.max(STEP, Math.ceil(terms.length / STEP) * STEP);
  if (count > MOST_CODEWORDS) throw new TooLong(`${terms.length} words`);
  const codewords = await Promise.all(
    terms.map(async (term) =>
      makeCodeword(await makeTrapdoor(indexKey, term), { entryId, revision })),
  );
  while (codewords.length < count) codewords.push(randomBytes(CODEWORD_BYTES));
  return join(shuffle(codewords));
}

function shuffle(list) {
  for (let last = list.length - 1; last > 0; last -= 1) {
    // The rest of a division of 2^32 by so few is even enough to hide an order.
    const other = crypto.getRandomValues(new Uint32Array(1))[0] % (last + 1);
    [list[last], list[other]] = [list[other], list[last]];
  }
  return list;
}

function join(codewords) {
  const joined = new Uint8Array(codewords.length * CODEWORD_BYTES);
  codewords.forEach((codeword, at) => joined.set(codeword, at * CODEWORD_BYTES));
  return joined;
}
