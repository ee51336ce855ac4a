import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { gzipSync } from "node:zlib";

import { WordListUnavailable, loadCommonPasswords } from "../../static/js/lib/common-passwords.js";

const original = globalThis.fetch;
const words = "password\nqwertyuiop\nletmein\n";

const serve = (body, init) => {
  globalThis.fetch = async () => new Response(body, init);
};

afterEach(() => {
  globalThis.fetch = original;
});

for (const [name, body] of [["a gzip list", gzipSync(words)], ["an unpacked list", words]]) {
  test(`finds words in ${name}`, async () => {
    serve(body);
    const list = await loadCommonPasswords("/list.gz");
    assert.equal(list.size, 3);
    assert.equal(list.contains("letmein"), true);
    assert.equal(list.contains(" LetMeIn "), true);
    assert.equal(list.contains("letme"), false);
    assert.equal(list.contains(""), false);
  });
}

const failures = [
  ["a missing list", ["", { status: 404 }]],
  ["an empty list", [""]],
  ["a cut list", [gzipSync(words).subarray(0, 20)]],
];
for (const [name, [body, init]] of failures) {
  test(`refuses ${name}`, async () => {
    serve(body, init);
    await assert.rejects(loadCommonPasswords("/list.gz"), WordListUnavailable);
  });
}
