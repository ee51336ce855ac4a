import assert from "node:assert/strict";
import { test } from "node:test";

import {
  LIVE,
  OVER,
  SessionClock,
  WARNING,
  countdown,
  toSay,
} from "../../static/js/lib/session-clock.js";

const MINUTE = 60_000;
const at = (steady, wall = steady) => ({ steady, wall: wall + 1_000_000 });

function clock(remaining = 15 * MINUTE, lead = 3 * MINUTE) {
  const made = new SessionClock();
  made.set({ remaining, lead }, at(0));
  return made;
}

test("warns the lead ahead and is over at the deadline, to the millisecond", () => {
  const session = clock();
  assert.equal(session.phase(at(12 * MINUTE - 1)), LIVE);
  assert.equal(session.phase(at(12 * MINUTE)), WARNING);
  assert.equal(session.phase(at(15 * MINUTE - 1)), WARNING);
  assert.equal(session.phase(at(15 * MINUTE)), OVER);
});

test("counts the sleep of a computer, whose steady clock stood still", () => {
  assert.equal(clock().phase(at(MINUTE, 16 * MINUTE)), OVER);
});

test("gains nothing when the device's clock is set back", () => {
  assert.equal(clock().phase(at(15 * MINUTE, -60 * MINUTE)), OVER);
});

test("follows what the server says later", () => {
  const session = clock();
  session.set({ remaining: 15 * MINUTE, lead: 3 * MINUTE, final: true }, at(14 * MINUTE));
  assert.equal(session.phase(at(16 * MINUTE)), LIVE);
  assert.equal(session.isFinal, true);
  assert.equal(session.age(at(16 * MINUTE)), 2 * MINUTE);
});

test("hands on what is left, not what was left", () => {
  const message = clock().toMessage(at(5 * MINUTE));
  assert.deepEqual(message, { remaining: 10 * MINUTE, lead: 3 * MINUTE, final: false });
});

test("writes the time left in minutes and seconds", () => {
  assert.equal(countdown(5 * MINUTE), "5:00");
  assert.equal(countdown(61_001), "1:02");
  assert.equal(countdown(1), "0:01");
  assert.equal(countdown(0), "0:00");
});

test("speaks seldom", () => {
  const said = new Set();
  for (let left = 5 * MINUTE; left > 0; left -= 1000) said.add(JSON.stringify(toSay(left)));
  assert.deepEqual(
    [...said].map((each) => JSON.parse(each)),
    [
      { unit: "minutes", number: 5 },
      { unit: "minutes", number: 4 },
      { unit: "minutes", number: 3 },
      { unit: "minutes", number: 2 },
      { unit: "minute", number: 1 },
      { unit: "seconds", number: 30 },
      { unit: "seconds", number: 10 },
    ],
  );
});
