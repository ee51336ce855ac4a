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
