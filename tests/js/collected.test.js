import assert from "node:assert/strict";
import test from "node:test";

import { Collected } from "../../static/js/lib/collected.js";

const part = (number, parts = 3, export_ = 7) => ({ text: `part ${number} of ${export_}`, is_account: true, export: export_, part: number, parts });
const single = { text: "otpauth://totp/a?secret=AA", is_account: true, export: 0, part: 1, parts: 1 };

test("is complete with one account", () => {
  const collected = new Collected();
  assert.equal(collected.isComplete, false);
  collected.add(single);
  assert.equal(collected.isComplete, true);
  assert.equal(collected.text, single.text);
});

test("keeps nothing that is no second factor", () => {
  const collected = new Collected();
  collected.add({ text: "https://example.com", is_account: false, export: 0, part: 1, parts: 1 });
  assert.equal(collected.isEmpty, true);
});

test("waits for all parts of an export, in any order and seen twice", () => {
  const collected = new Collected();
  for (const number of [3, 1, 3, 1]) collected.add(part(number));
  assert.equal(collected.isComplete, false);
  assert.equal(collected.last.part, 1);
  collected.add(part(2));
  assert.equal(collected.isComplete, true);
  assert.equal(collected.text.split("\n").length, 3);
});

test("waits for every export of several", () => {
  const collected = new Collected();
  collected.add(part(1, 2, 7));
  collected.add(part(2, 2, 7));
  collected.add(part(1, 2, 8));
  assert.equal(collected.isComplete, false);
  collected.add(part(2, 2, 8));
  assert.equal(collected.isComplete, true);
});
