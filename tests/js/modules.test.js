import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { posix } from "node:path";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../static/js/", import.meta.url));
const modules = readdirSync(root, { recursive: true }).filter((name) => name.endsWith(".js"));
const source = (name) => readFileSync(root + name, "utf8");

// Hashed file names reach a module only through statements that Django's storage can read.
const STATEMENT = /^(?:import|export)\s(?:[^;'"]*?\sfrom\s*)?["']([^"']+)["'](.?)/gm;

function importsOf(name) {
  return [...source(name).matchAll(STATEMENT)].map(([, from, end]) => ({ from, end }));
}

for (const name of modules) {
  test(`${name} imports in a way that survives hashed file names`, () => {
    for (const { from, end } of importsOf(name)) {
      assert.match(from, /^\.\.?\/.+\.js$/);
      assert.equal(end, ";");
    }
  });
}

// As Django's storage reads statements: from the word on, over lines and comments, to an address.
const READ = [/import[\s{][^]*?\sfrom\s*["'][./][^"']*?["']\s*;/g, /export[\s{][^]*?\sfrom\s*["'][./][^"']*?["']\s*;/g];

for (const name of modules) {
  test(`${name} has no word in a comment that the storage takes for a statement`, () => {
    for (const [found] of READ.flatMap((pattern) => [...source(name).matchAll(pattern)])) {
      assert.doesNotMatch(found, /\*\/|\n(?:import|export|function|const)\s/);
    }
  });
}

for (const name of modules.filter((module) => module.startsWith("crypto/"))) {
  test(`${name} knows neither the page nor the network`, () => {
    for (const { from } of importsOf(name)) assert.match(from, /^\.\/[a-z0-9-]+\.js$/);
    const code = source(name).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, /\b(document|window|location|fetch|localStorage|indexedDB)\b/);
  });
}

// What a page loads before anybody uses a passkey or a recovery key, as it is: comments and all.
function loadedBy(name, found = new Set()) {
  if (found.has(name)) return found;
  found.add(name);
  for (const { from } of importsOf(name)) loadedBy(posix.join(posix.dirname(name), from), found);
  return found;
}

const CRYPTO_GOAL = 30_000;

for (const page of ["vault", "note"]) {
  test(`pages/${page}.js loads less than 30 kB of cryptography`, () => {
    const loaded = loadedBy(`pages/${page}.js`, loadedBy("pages/base.js"));
    const crypto = [...loaded].filter((name) => name.startsWith("crypto/"));
    const weight = crypto.reduce((sum, name) => sum + Buffer.byteLength(source(name)), 0);
    console.log(`pages/${page}.js: ${weight} bytes in ${crypto.length} crypto modules`);
    assert.ok(crypto.length > 5);
    assert.ok(weight < CRYPTO_GOAL, `${weight} bytes`);
  });
}
