import assert from "node:assert/strict";
import { test } from "node:test";

import { MalformedData } from "../../static/js/crypto/errors.js";
import * as recovery from "../../static/js/crypto/recovery.js";
import { fromHex, hex, vectors } from "./support.js";

const { cases, forgiven, refused } = vectors("keyslot-recovery-v1.json");

for (const vector of cases) {
  test(`writes and reads a key: ${vector.name}`, async () => {
    const key = fromHex(vector.key_hex);
    assert.equal(await recovery.formatRecoveryKey(key), vector.text);
    assert.equal(hex(await recovery.parseRecoveryKey(vector.text)), vector.key_hex);
    assert.equal(await recovery.deriveRecoveryProof(key), vector.proof);
    assert.equal(hex(key), vector.key_hex);
  });
}

for (const { name, text, key_hex: keyHex } of forgiven) {
  test(`forgives ${name}`, async () => {
    assert.equal(hex(await recovery.parseRecoveryKey(text)), keyHex);
  });
}

for (const { name, text, error } of refused) {
  test(`refuses ${name}`, async () => {
    await assert.rejects(recovery.parseRecoveryKey(text), { name: error });
  });
}

test("refuses what is no text and no key", async () => {
  for (const text of [null, undefined, 7, {}]) {
    await assert.rejects(recovery.parseRecoveryKey(text), MalformedData);
  }
  for (const key of [new Uint8Array(31), "0".repeat(32), null]) {
    await assert.rejects(recovery.formatRecoveryKey(key), MalformedData);
    await assert.rejects(recovery.deriveRecoveryProof(key), MalformedData);
  }
});

test("makes keys that differ, in 13 groups", async () => {
  const one = await recovery.formatRecoveryKey(recovery.makeRecoveryKey());
  const other = await recovery.formatRecoveryKey(recovery.makeRecoveryKey());
  assert.match(one, /^([0-9A-HJKMNP-TV-Z]{4}-){12}[0-9A-HJKMNP-TV-Z]{4}$/);
  assert.notEqual(one, other);
});

test("lets nobody read the wrap key back", async () => {
  const key = await recovery.deriveRecoveryWrapKey(recovery.makeRecoveryKey());
  assert.equal(key.extractable, false);
});
