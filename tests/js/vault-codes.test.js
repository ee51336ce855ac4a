import assert from "node:assert/strict";
import { test } from "node:test";

import { clockError, current, fill, group, matches, nextBoundary, plain, ringOffset, secondsLeft, step } from "../../static/js/lib/codes.js";

const STATE = { code: "111111", next: "222222", until: 30_000, period: 30_000 };

test("groups digits the way they are read", () => {
  assert.deepEqual(group("123456"), ["123", "456"]);
  assert.deepEqual(group("1234567"), ["123", "4567"]);
  assert.deepEqual(group("12345678"), ["1234", "5678"]);
  assert.deepEqual(group("123456789"), ["123", "456", "789"]);
  assert.deepEqual(group("1234567890"), ["12345", "67890"]);
  assert.deepEqual(group("2BCDF"), ["2BCDF"]);
  assert.deepEqual(group(""), [""]);
});

test("groups digits as their reader chose", () => {
  assert.deepEqual(group("123456", "threes"), ["123", "456"]);
  assert.deepEqual(group("123456", "pairs"), ["12", "34", "56"]);
  assert.deepEqual(group("1234567", "pairs"), ["12", "34", "567"]);
  assert.deepEqual(group("123456", "plain"), ["123456"]);
});

test("shows a code until its very end", () => {
  assert.equal(current(STATE, 0).code, "111111");
  assert.equal(current(STATE, 29_999).code, "111111");
  assert.equal(current(STATE, 29_999).stale, false);
});

test("lets the next code take over for one period", () => {
  const rolled = current(STATE, 30_000);
  assert.deepEqual(rolled, { code: "222222", next: "", until: 60_000, period: 30_000, stale: false });
  assert.equal(current(rolled, 59_999).stale, false);
});

test("marks a code as too old when nothing is known of what follows", () => {
  assert.equal(current(STATE, 60_000).stale, true);
  assert.equal(current(STATE, 60_000).code, "111111");
  assert.equal(current({ ...STATE, next: "" }, 30_000).stale, true);
});

test("counts whole seconds down to nothing", () => {
  assert.equal(secondsLeft(30_000, 0), 30);
  assert.equal(secondsLeft(30_000, 29_001), 1);
  assert.equal(secondsLeft(30_000, 30_000), 0);
  assert.equal(secondsLeft(30_000, 99_000), 0);
});

test("empties the ring within its bounds", () => {
  assert.equal(ringOffset(30_000, 30_000, 0), 0);
  assert.equal(ringOffset(30_000, 30_000, 15_000), 50);
  assert.equal(ringOffset(30_000, 30_000, 31_000), 100);
  assert.equal(ringOffset(30_000, 30_000, -5_000), 0);
});

test("refreshes at the end of the shortest period", () => {
  assert.equal(nextBoundary([60_000, 30_000], 31_000), 60_000);
  assert.equal(nextBoundary([60_000, 20_000], 20_000), 40_000);
  assert.equal(nextBoundary([], 31_000), null);
});

test("notices a wrong clock, but not a slow answer", () => {
  assert.equal(clockError({ device: 100_000, server: 60_000, uncertainty: 100 }), 40);
  assert.equal(clockError({ device: 60_000, server: 100_000, uncertainty: 100 }), -40);
  assert.equal(clockError({ device: 105_000, server: 100_000, uncertainty: 0 }), 0);
  assert.equal(clockError({ device: 108_000, server: 100_000, uncertainty: 4_000 }), 0);
});

test("writes words as the server does", () => {
  assert.equal(plain("ÉMILE & Söhne"), "emile & sohne");
  assert.equal(plain("Straße"), "strasse");
});

test("finds every word anywhere", () => {
  assert.equal(matches("github ada work", "HUB wor"), true);
  assert.equal(matches("github ada work", "hub home"), false);
  assert.equal(matches("github", "  "), true);
  assert.equal(matches("emile", "Émi"), true);
});

test("walks through a grid and stays inside", () => {
  const grid = { count: 8, columns: 3 };
  assert.equal(step("ArrowRight", 0, grid), 1);
  assert.equal(step("ArrowLeft", 0, grid), 0);
  assert.equal(step("ArrowDown", 1, grid), 4);
  assert.equal(step("ArrowUp", 4, grid), 1);
  assert.equal(step("ArrowUp", 1, grid), 1);
  assert.equal(step("ArrowDown", 5, grid), 7);
  assert.equal(step("ArrowDown", 7, grid), 7);
  assert.equal(step("Home", 5, grid), 0);
  assert.equal(step("End", 5, grid), 7);
  assert.equal(step("a", 5, grid), null);
});

test("fills in a word that holds a pattern of replace", () => {
  assert.equal(fill("Code of %s copied.", "A$&B"), "Code of A$&B copied.");
});
