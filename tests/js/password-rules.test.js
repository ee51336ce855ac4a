import assert from "node:assert/strict";
import { test } from "node:test";

import { judgePassword } from "../../static/js/crypto/password-rules.js";

const person = {
  email: "jordan.meyer@example.org",
  displayName: "Jordan Meyer",
  siteName: "AuthNode",
};

const verdicts = [
  ["fifteen characters of one kind", "lampoilriverfog", []],
  ["fourteen of one kind", "lampoilriverfo", ["too-short"]],
  ["twelve of three kinds", "Lampoil7rive", []],
  ["twelve of two kinds", "Lampoilriver", ["too-short"]],
  ["twelve with a sign as the third kind", "Lampoil-rive", []],
  ["eleven of four kinds", "Lampoil-7ri", ["too-short"]],
  ["nothing", "", ["too-short"]],
  ["fourteen emoji, one kind and 28 UTF-16 units", "\u{1f44d}".repeat(14), ["too-short"]],
  ["fifteen emoji", "\u{1f44d}".repeat(15), []],
  ["a ligature counts as the letters it becomes", "lampoilriver\ufb03", []],
  ["accents typed apart count once", "lampoilriverf\u006f\u0308", ["too-short"]],
  ["1024 characters", "lamp oil ".repeat(113) + "foggy r", []],
  ["1025 characters", "lamp oil ".repeat(113) + "foggy ri", ["too-long"]],
  ["the address", "jordan.meyer@example.org", ["personal"]],
  ["the address in capitals", "JORDAN.MEYER@EXAMPLE.ORG", ["personal"]],
  ["the name twice with a year", "JordanMeyer-jordan-1987!", ["personal"]],
  ["the site's name and an exclamation", "authnode authnode!", ["personal"]],
  ["the domain and little else", "example.org 12345", ["personal"]],
  ["the name in a sentence of its own", "jordan feeds seven geese", []],
  ["long enough because of fullwidth letters", "\uff2c\uff41\uff4d\uff50oil7river", []],
];
for (const [name, password, broken] of verdicts) {
  test(`judges ${name}`, () => {
    assert.deepEqual(judgePassword(password, person), broken);
  });
}

test("asks for the word in lower case and without outer spaces", () => {
  const asked = [];
  const isCommon = (word) => asked.push(word) > 0;
  const broken = judgePassword(" Qwertyuiop Asdfg ", { isCommon });
  assert.deepEqual(broken, ["common"]);
  assert.deepEqual(asked, ["qwertyuiop asdfg"]);
});

test("names every broken rule", () => {
  const broken = judgePassword("jordan", { ...person, isCommon: () => true });
  assert.deepEqual(broken, ["too-short", "common", "personal"]);
});

test("does not trip over short or empty names", () => {
  const broken = judgePassword("joy in a long meadow", { email: "jo@x.de", displayName: "" });
  assert.deepEqual(broken, []);
});
