import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import {
  changedValues,
  keep,
  putBack,
  takeKept,
  wantKept,
} from "../../static/js/lib/kept-forms.js";

const HOUR = 3_600_000;
const PLACE = { user: "ida", page: "/categories/" };

class Storage extends Map {
  getItem(name) {
    return this.get(name) ?? null;
  }

  setItem(name, value) {
    this.set(name, value);
  }

  removeItem(name) {
    this.delete(name);
  }
}

beforeEach(() => {
  globalThis.sessionStorage = new Storage();
});

function control(fields) {
  return { dataset: {}, defaultValue: "", heard: [], dispatchEvent(event) { this.heard.push(event.type); }, ...fields };
}

function text(name, value, defaultValue = "") {
  return control({ name, type: "text", value, defaultValue });
}

function form(...elements) {
  return { dataset: { keep: "category" }, elements };
}

test("keeps what was typed, and puts it back on the same page once", () => {
  keep([form(text("name", "Work"))], { ...PLACE, wanted: true });

  const kept = takeKept(PLACE);
  const fresh = form(text("name", ""));
  assert.equal(putBack(fresh, kept.category), true);
  assert.equal(fresh.elements[0].value, "Work");
  assert.deepEqual(fresh.elements[0].heard, ["input", "change"]);
  assert.equal(takeKept(PLACE), null);
});

test("keeps no password, no hidden field, no file and nothing marked secret", () => {
  const secrets = form(
    control({ name: "a", type: "password", value: "s3cret" }),
    control({ name: "b", type: "hidden", value: "s3cret" }),
    control({ name: "c", type: "file", value: "s3cret" }),
    control({ name: "d", type: "text", value: "s3cret", dataset: { secret: "" } }),
    control({ name: "", type: "text", value: "s3cret" }),
  );

  keep([secrets], { ...PLACE, wanted: true });

  assert.equal(sessionStorage.size, 0);
});

test("keeps only what differs from what the server had filled in", () => {
  const mixed = form(text("name", "Old", "Old"), text("note", "New", "Old"));
  assert.deepEqual(changedValues(mixed), { "note#0": "New" });
});

test("keeps boxes and choices", () => {
  const options = (chosen, first) =>
    ["a", "b"].map((value) => ({ value, selected: value === chosen, defaultSelected: value === first }));
  const made = (chosen, ticked) =>
    form(
      control({ name: "sort", type: "select-one", options: options(chosen, null) }),
      control({ name: "tag", type: "checkbox", checked: ticked, defaultChecked: false }),
      control({ name: "tag", type: "checkbox", checked: false, defaultChecked: false }),
    );
  assert.deepEqual(changedValues(made("a", false)), {});
  const changed = changedValues(made("b", true));

  const fresh = made("a", false);
  putBack(fresh, changed);
  assert.deepEqual(fresh.elements[0].options.map((option) => option.selected), [false, true]);
  assert.deepEqual(fresh.elements.slice(1).map((box) => box.checked), [true, false]);
});

test("gives nothing to somebody else, nor after half a day", () => {
  for (const [taker, at] of [[{ ...PLACE, user: "bob" }, 0], [PLACE, 12 * HOUR]]) {
    keep([form(text("name", "Work"))], { ...PLACE, wanted: true, at: 0 });
    assert.equal(takeKept({ ...taker, at }), null);
    assert.equal(sessionStorage.size, 0);
  }
});

test("waits on its way over another page", () => {
  keep([form(text("name", "Work"))], { ...PLACE, wanted: true });
  assert.equal(takeKept({ ...PLACE, page: "/" }), null);
  assert.notEqual(takeKept(PLACE), null);
});

test("gives a form that was sent back only when the sign-in came instead of an answer", () => {
  keep([form(text("name", "Work"))], { ...PLACE, wanted: false });
  assert.equal(takeKept(PLACE), null);

  keep([form(text("name", "Work"))], { ...PLACE, wanted: false });
  wantKept();
  assert.notEqual(takeKept(PLACE), null);
});

test("reads nothing out of nonsense", () => {
  sessionStorage.setItem("authnode-kept-forms", "{");
  assert.equal(takeKept(PLACE), null);
});
