import assert from "node:assert/strict";
import test from "node:test";

import { noteText } from "../../static/js/lib/export-notes.js";

test("a note becomes text with its fields and codes below", () => {
  const fields = [{ name: "PIN", value: "1234", kind: "hidden" }];
  const codes = [
    { code: "abc-1", used_on: null },
    { code: "abc-2", used_on: "2026-03-01" },
  ];

  assert.equal(
    noteText({ note: "Ask Ida.", fields, codes }),
    "Ask Ida.\n\nPIN: 1234\nabc-1\nabc-2 (2026-03-01)",
  );
  assert.equal(noteText({ note: "", fields, codes: [] }), "PIN: 1234");
  assert.equal(noteText({ note: "alone", fields: [], codes: [] }), "alone");
  assert.equal(noteText({ note: "", fields: [], codes: [] }), "");
});
