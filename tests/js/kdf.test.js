import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeBase64url } from "../../static/js/crypto/bytes.js";
import * as errors from "../../static/js/crypto/errors.js";
import * as kdf from "../../static/js/crypto/kdf.js";
import { aesKey, fromHex, hex, vectors } from "./support.js";

const { cases, refused, parameters, parameters_refused } = vectors("password-v1.json");

/* A key that cannot be read is known by what it seals. */
async function sealsAlike(left, right) {
  const probe = await aesKey(new Uint8Array(32), ["encrypt"], true);
  const algorithm = { name: "AES-GCM", iv: new Uint8Array(12) };
  const seal = (key) => crypto.subtle.wrapKey("raw", probe, key, algorithm);
  const [one, other] = await Promise.all([seal(left), seal(right)]);
  assert.equal(hex(one), hex(other));
}

for (const vector of cases) {
  test(`splits a password: ${vector.name}`, async () => {
    const salt = decodeBase64url(vector.salt);

    const master = await kdf.deriveMaster(vector.password, salt, vector.iterations);
    const wrapKey = await kdf.deriveWrapKey(master);

    assert.equal(await kdf.deriveAuthSecret(master), vector.auth_secret);
    await sealsAlike(wrapKey, await aesKey(fromHex(vector.wrap_key_hex), ["wrapKey"]));
  });
}

test("lets nobody read the keys back", async () => {
  const master = await kdf.deriveMaster("correct horse battery staple", kdf.makeSalt(), 600_000);
  const wrapKey = await kdf.deriveWrapKey(master);

  assert.equal(master.extractable, false);
  assert.equal(wrapKey.extractable, false);
  assert.deepEqual([...wrapKey.usages].sort(), ["unwrapKey", "wrapKey"]);
  await assert.rejects(crypto.subtle.exportKey("raw", wrapKey));
});

for (const { name, password, salt, iterations, error } of refused) {
  test(`refuses to derive: ${name}`, async () => {
    const derived = kdf.deriveMaster(password, decodeBase64url(salt), iterations);
    await assert.rejects(derived, errors[error]);
  });
}

for (const { name, parameters: answer } of parameters) {
  test(`reads parameters: ${name}`, () => {
    const read = kdf.parseParameters(answer);
    assert.equal(read.salt.length, 16);
    assert.equal(read.iterations, answer.iterations);
  });
}

for (const { name, parameters: answer, error } of parameters_refused) {
  test(`refuses parameters: ${name}`, () => {
    assert.throws(() => kdf.parseParameters(answer), errors[error]);
  });
}

test("refuses parameters that are no object", () => {
  for (const answer of [null, undefined, "v", 1, []]) {
    assert.throws(() => kdf.parseParameters(answer), errors.MalformedData);
  }
});

test("makes a salt that differs each time", () => {
  assert.notEqual(hex(kdf.makeSalt()), hex(kdf.makeSalt()));
});
