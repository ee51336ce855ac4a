import assert from "node:assert/strict";
import { test } from "node:test";

import { readCode } from "../../static/js/lib/recovery-code.js";

const CODE = "7ZK3M9QWX0ABCDEFGHJKN1234";

test("reads a backup sign-in code whatever its case and grouping", () => {
  for (const typed of [
    CODE,
    "7ZK3M-9QWX0-ABCDE-FGHJK-N1234",
    " 7zk3m 9qwxo abcde fghjk nl234\n",
    "7ZK3M\u20119QWX0\u2011ABCDE\u2011FGHJK\u2011NI234",
  ]) {
    assert.equal(readCode(typed), CODE);
  }
});

test("keeps what is no code apart", () => {
  assert.notEqual(readCode(CODE.slice(1)), CODE);
  assert.equal(readCode(""), "");
});
