import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import * as api from "../../static/js/lib/api.js";

const original = globalThis.fetch;
let asked;

function answer(body, init = {}) {
  const headers = { "Content-Type": "application/json", ...init.headers };
  globalThis.fetch = async (url, options) => {
    asked = { url, ...options };
    return new Response(body, { ...init, headers });
  };
}

beforeEach(() => {
  globalThis.location = { origin: "https://vault.example" };
  globalThis.document = {
    baseURI: "https://vault.example/codes/",
    body: { dataset: { csrf: "from-body" } },
    querySelector: () => null,
  };
});

afterEach(() => {
  globalThis.fetch = original;
  delete globalThis.document;
  delete globalThis.location;
});

test("sends JSON with the CSRF token and reads JSON", async () => {
  answer('{"salt": "x"}');

  assert.deepEqual(await api.post("/sign-in/parameters/", { email: "a@b.example" }), { salt: "x" });

  assert.equal(asked.url.href, "https://vault.example/sign-in/parameters/");
  assert.equal(asked.body, '{"email":"a@b.example"}');
  assert.equal(asked.headers["X-CSRFToken"], "from-body");
  assert.equal(asked.headers["Content-Type"], "application/json");
  assert.equal(asked.redirect, "manual");
});

test("prefers the token of the page's form", async () => {
  document.querySelector = () => ({ value: "from-form" });
  answer("{}");
  await api.post("/x/", {});
  assert.equal(asked.headers["X-CSRFToken"], "from-form");
});

test("marks background requests and sends no token to read", async () => {
  answer("{}");
  await api.get("/codes/", { background: true });
  assert.equal(asked.headers["X-Background"], "1");
  assert.equal("X-CSRFToken" in asked.headers, false);
});

test("refuses to send anything to another site", async () => {
  answer("{}");
  asked = undefined;
  await assert.rejects(api.post("https://elsewhere.example/", {}), TypeError);
  await assert.rejects(api.post("//elsewhere.example/", {}), TypeError);
  assert.equal(asked, undefined);
});

const html = { "Content-Type": "text/html" };
const refusals = [
  ["401", '{"why": "x"}', { status: 401 }, api.SignInNeeded],
  ["403", '{"why": "x"}', { status: 403 }, api.RequestRefused],
  ["a 404 page of HTML", "<h1>", { status: 404, headers: html }, api.RequestRefused],
  ["500", "{}", { status: 500 }, api.ServerFault],
  ["HTML where JSON was asked for", "<p>", { headers: html }, api.ServerFault],
  ["broken JSON", "{", {}, api.ServerFault],
];
for (const [name, body, init, kind] of refusals) {
  test(`names the refusal for ${name}`, async () => {
    answer(body, init);
    await assert.rejects(api.get("/x/"), (error) => error.constructor === kind);
  });
}

test("keeps what the server said with a refusal", async () => {
  answer('{"error": "used"}', { status: 409 });
  await assert.rejects(api.get("/x/"), { status: 409, body: { error: "used" } });
});

test("says how long to wait", async () => {
  answer("{}", { status: 429, headers: { "Retry-After": "30" } });
  await assert.rejects(api.get("/x/"), { name: "TooManyRequests", retryAfter: 30 });
});

test("takes a redirect for a needed sign-in", async () => {
  const redirected = { type: "opaqueredirect", ok: false, status: 0, text: async () => "" };
  globalThis.fetch = async () => redirected;
  await assert.rejects(api.get("/codes/"), api.SignInNeeded);
});

test("answers nothing for 204", async () => {
  globalThis.fetch = async () => new Response(null, { status: 204 });
  assert.equal(await api.post("/x/", {}), null);
});

test("calls a silent network unreachable", async () => {
  globalThis.fetch = async () => {
    throw new TypeError("Failed to fetch");
  };
  await assert.rejects(api.get("/x/"), api.Unreachable);
});

test("leaves the caller's own abort alone", async () => {
  globalThis.fetch = async (_url, { signal }) => signal.throwIfAborted();
  const signal = AbortSignal.abort();
  await assert.rejects(api.get("/x/", { signal }), { name: "AbortError" });
});
