import assert from "node:assert/strict";
import { test } from "node:test";

import { emptyPlain } from "../../static/js/crypto/record.js";
import { isSearchable, look, wantedIn } from "../../static/js/lib/note-search.js";

const plain = {
  ...emptyPlain(),
  note: "Straße zum Hafen, ask MARTA there.",
  fields: [
    { name: "Branch", value: "Elbe", kind: "text" },
    { name: "PIN", value: "geheim", kind: "hidden" },
  ],
  codes: [{ code: "ab12cd34", used_on: null }],
};
const found = (query) => look(plain, wantedIn(query));
const marked = ({ text, ranges }) => ranges.map(([start, end]) => text.slice(start, end));

test("needs a word of three characters", () => {
  assert.equal(isSearchable(wantedIn("ab c")), false);
  assert.equal(isSearchable(wantedIn("ab har")), true);
});

test("finds words by their beginning, all of them or none", () => {
  assert.deepEqual(marked(found("mart")), ["MARTA"]);
  assert.deepEqual(marked(found("STRASSE haf")), ["Straße", "Hafen"]);
  assert.notEqual(found("bran elb marta"), null);
  assert.equal(found("marta missing"), null);
  assert.equal(found("arta"), null);
});

test("takes words in quotes whole", () => {
  assert.equal(found('"mart"'), null);
  assert.notEqual(found('"marta" haf'), null);
});

test("looks into neither hidden fields nor codes", () => {
  assert.equal(found("geheim"), null);
  assert.equal(found("ab12"), null);
  assert.notEqual(found("pin"), null);
});

test("cuts a piece of a long note around the hit", () => {
  const long = { ...plain, note: `${"word ".repeat(500)}needle ${"word ".repeat(500)}` };
  const hit = look(long, wantedIn("needle"));
  assert.ok(hit.text.length < 200);
  assert.deepEqual(marked(hit), ["needle"]);
});

test("lets no note through that does not hold the words, whatever the index said", () => {
  // Every note is taken for a hit, as if the index knew nothing; the truth is told by other means.
  const rounds = process.env.AUTHNODE_FIGURES === "1" ? 100_000 : 2_000;
  const pick = (list) => list[Math.floor(Math.random() * list.length)];
  const syllables = ["ba", "den", "ki", "lor", "mas", "nu", "pel", "ri"];
  const word = () => Array.from({ length: 2 + Math.floor(Math.random() * 3) }, () => pick(syllables)).join("");
  const notes = Array.from({ length: 10 }, () => Array.from({ length: 50 }, word));
  let [wrong, missed] = [0, 0];
  for (let round = 0; round < rounds; round += 1) {
    const asked = [word(), word()].slice(0, 1 + (round % 2)).map((each) => each.slice(0, 3 + (round % 4)));
    const words = notes[round % notes.length];
    const isThere = asked.every((start) => words.some((each) => each.startsWith(start)));
    const isFound = look({ ...emptyPlain(), note: words.join(", ") }, wantedIn(asked.join(" "))) !== null;
    wrong += isFound && !isThere ? 1 : 0;
    missed += isThere && !isFound ? 1 : 0;
  }
  console.log(`after the look: ${wrong} wrong, ${missed} missed of ${rounds}`);
  assert.deepEqual([wrong, missed], [0, 0]);
});
