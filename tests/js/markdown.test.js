import assert from "node:assert/strict";
import { test } from "node:test";

import { parse, safeHref } from "../../static/js/lib/markdown.js";

const text = (node) => (typeof node === "string" ? node : node.children.map(text).join(""));
const tags = (source) => parse(source).map(({ tag }) => tag);

test("knows blocks", () => {
  const source = "# Bank\n\nfirst\nsecond\n\n- a\n- b\n\n1. c\n\n> said\n\n---\n\n```\n<b>\n```";
  assert.deepEqual(tags(source), ["h3", "p", "ul", "ol", "blockquote", "hr", "pre"]);
  assert.equal(parse(source)[6].children[0].children[0], "<b>");
});

test("knows what stands in a line", () => {
  const [{ children }] = parse("a **b** *c* `d` [e](https://example.com/) https://example.org/f");
  const found = children.filter((node) => typeof node !== "string");
  assert.deepEqual(found.map(({ tag }) => tag), ["strong", "em", "code", "a", "a"]);
  assert.equal(found[3].href, "https://example.com/");
  assert.equal(found[4].children[0], "https://example.org/f");
});

test("leaves markup as text", () => {
  const source = '<img src=x onerror="alert(1)"> &amp; <script>';
  assert.deepEqual(parse(source), [{ tag: "p", children: [source] }]);
});

test("follows no address but those of the web and of mail", () => {
  for (const address of ["javascript:alert(1)", "data:text/html,x", "vbscript:x", "/x", "JAVASCRIPT:x", "file:///x"]) {
    assert.equal(safeHref(address), null);
    assert.equal(text(parse(`[a](${address})`)[0]), `[a](${address})`);
  }
  assert.equal(safeHref("mailto:a@example.com"), "mailto:a@example.com");
});

test("takes no long time over any text", () => {
  const started = performance.now();
  for (const piece of ["[", "*", "**", "`", "[a](", "> ", "# ", "https://"]) parse(piece.repeat(30_000));
  assert.ok(performance.now() - started < 20_000);
});
