/*
 * Words of notes, found in this browser or by the blind index; either way each hit was opened here
 * and looked at before it counts.
 *
 *   new NoteSearch().find(query) -> {state, hits}
 *
 *   state   "off" (no word of three characters), "locked" or "searched"
 *   hits    Map: entry id -> {text, ranges}: the piece of the note around the first word found,
 *           and where in it words begin and end
 */

import { encodeBase64url } from "../crypto/bytes.js";
import { SHORTEST, makeTrapdoor, searchable, termFor, wordsOf } from "../crypto/index.js";
import { post } from "./api.js";
import { fetchState } from "./note-state.js";
import { fetchAll, fetchSome, openAll } from "./notes.js";
import { openVaultKeys } from "./open-vault.js";

const AT_ONCE = 100;
const AROUND = 60;
const MOST_WORDS = 16;

/* [{word, isWhole}]: what was typed, each word the beginning of one unless it stands in quotes. */
export function wantedIn(query) {
  const wanted = [];
  query.split('"').forEach((piece, at) => {
    for (const word of wordsOf(piece)) wanted.push({ word, isWhole: at % 2 === 1 });
  });
  return wanted.slice(0, MOST_WORDS);
}

export function isSearchable(wanted) {
  return wanted.some(({ word }) => [...word].length >= SHORTEST);
}

/* Whether every word is there, and the piece that shows it; null where one is missing. */
export function look(plain, wanted) {
  const pieces = searchable(plain).filter((piece) => piece !== "");
  const found = pieces.map((piece) => ({ piece, words: wordsIn(piece) }));
  const holds = ({ word, isWhole }, { folded }) => (isWhole ? folded === word : folded.startsWith(word));
  const all = found.flatMap(({ words }) => words);
  if (!wanted.every((each) => all.some((word) => holds(each, word)))) return null;
  const { piece, words } = found.find(({ words: some }) => some.some((word) => wanted.some((each) => holds(each, word))));
  const hits = words.filter((word) => wanted.some((each) => holds(each, word)));
  return excerpt(piece, hits);
}

/* The words of a text with their places in it, found in the text itself and not in its fold. */
function wordsIn(text) {
  return [...text.matchAll(/[\p{L}\p{M}\p{N}]+/gu)].flatMap(({ 0: word, index }) =>
    wordsOf(word).map((folded) => ({ folded, start: index, end: index + word.length })));
}

function excerpt(piece, hits) {
  const from = Math.max(0, hits[0].start - AROUND);
  const to = Math.min(piece.length, hits[0].end + AROUND);
  const inside = hits.filter(({ start, end }) => start >= from && end <= to);
  const ranges = inside.map(({ start, end }) => [start - from, end - from]);
  return { text: piece.slice(from, to), ranges };
}

export class NoteSearch {
  constructor() {
    this.forget();
  }

  /* After the notes were locked, or opened with another key. */
  forget() {
    this.keys = undefined;
    this.state = undefined;
    this.opened = null;
  }

  async find(query) {
    const wanted = wantedIn(query);
    const hits = new Map();
    if (!isSearchable(wanted)) return { state: "off", hits };
    this.keys ??= (await openVaultKeys()) ?? undefined;
    if (this.keys === undefined) return { state: "locked", hits };
    this.state ??= await fetchState();
    if (this.state.place === "index") await this.#byIndex(wanted, hits);
    else await this.#inBrowser(wanted, hits);
    return { state: "searched", hits };
  }

  /* All notes are opened once, and stay in the memory of this page alone. */
  async #inBrowser(wanted, hits) {
    this.opened ??= this.#openEverything();
    for (const { entryId, plain } of await this.opened) this.#take(entryId, plain, wanted, hits);
  }

  async #openEverything() {
    const opened = [];
    for await (const rows of fetchAll()) opened.push(...(await openAll(rows, this.keys)));
    return opened.filter(({ state }) => state === "open");
  }

  async #byIndex(wanted, hits) {
    const terms = [...new Set(wanted.map(({ word, isWhole }) => term(word, isWhole)))];
    const queries = await Promise.all([...this.keys.keys].map(async ([id, { indexKey }]) => ({
      vault_key_id: id,
      trapdoors: await Promise.all(terms.filter(Boolean).map(async (each) =>
        encodeBase64url(await makeTrapdoor(indexKey, each)))),
    })));
    const { entries, unindexed } = await post("/notes/search/", { v: 1, queries });
    const ids = [...new Set([...entries, ...unindexed])];
    for (let start = 0; start < ids.length; start += AT_ONCE) {
      const rows = await fetchSome(ids.slice(start, start + AT_ONCE));
      for (const { entryId, state, plain } of await openAll(rows, this.keys)) {
        if (state === "open") this.#take(entryId, plain, wanted, hits);
      }
    }
  }

  #take(entryId, plain, wanted, hits) {
    const found = look(plain, wanted);
    if (found !== null) hits.set(entryId, found);
  }
}

/* A whole word is in the index as it is; the beginning of one with its first eight characters. */
function term(word, isWhole) {
  const characters = [...word];
  return isWhole && characters.length >= SHORTEST ? characters.slice(0, 32).join("") : termFor(word);
}

