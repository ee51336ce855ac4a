import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
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
