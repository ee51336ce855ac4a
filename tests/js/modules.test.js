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

for (const name of modules.filter((module) => module.startsWith("crypto/"))) {
  test(`${name} knows neither the page nor the network`, () => {
    for (const { from } of importsOf(name)) assert.match(from, /^\.\/[a-z-]+\.js$/);
    const code = source(name).replace(/\/\*[^]*?\*\/|\/\/.*/g, "");
    assert.doesNotMatch(code, /\b(document|window|location|fetch|localStorage|indexedDB)\b/);
  });
}
