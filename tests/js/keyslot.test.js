import assert from "node:assert/strict";
import { createDecipheriv, hkdfSync } from "node:crypto";
import { test } from "node:test";

import { decodeBase64url } from "../../static/js/crypto/bytes.js";
import * as errors from "../../static/js/crypto/errors.js";
import * as keyslot from "../../static/js/crypto/keyslot.js";
import { aesKey, fromHex, hex, vectors } from "./support.js";

const { cases, refused } = vectors("keyslot-v1.json");
const [first, second] = cases;

const wrapKeyOf = (vector) => aesKey(fromHex(vector.wrap_key_hex), ["wrapKey", "unwrapKey"]);

const contextOf = ({ user_id, slot }) => ({
  userId: user_id,
  vaultKeyId: slot.vault_key_id,
  kind: slot.kind,
  slotId: slot.slot_id,
  iterations: slot.iterations,
  salt: decodeBase64url(slot.salt),
});

/* A vault key cannot be read back; what it derives shows which it is. */
async function isVaultKey(key, expectedHex) {
  const [salt, info] = [new Uint8Array(), new TextEncoder().encode("probe")];
  const hkdf = { name: "HKDF", hash: "SHA-256", salt, info };
  const derived = await crypto.subtle.deriveBits(hkdf, key, 256);
  assert.equal(hex(derived), hex(hkdfSync("sha256", fromHex(expectedHex), salt, info, 32)));
}

function openByHand(slot, wrapKeyHex, aad) {
  const sealed = Buffer.from(slot.ciphertext, "base64url");
  const nonce = Buffer.from(slot.nonce, "base64url");
  const cipher = createDecipheriv("aes-256-gcm", fromHex(wrapKeyHex), nonce);
  cipher.setAAD(Buffer.from(aad)).setAuthTag(sealed.subarray(32));
  return hex(Buffer.concat([cipher.update(sealed.subarray(0, 32)), cipher.final()]));
}

for (const vector of cases) {
  test(`opens a slot: ${vector.name}`, async () => {
    const wrapKey = await wrapKeyOf(vector);
    const { slot, user_id: userId } = vector;

    const key = await keyslot.unwrapVaultKey({ wrapKey, slot, userId });

    assert.equal(key.extractable, false);
    assert.equal(key.algorithm.name, "HKDF");
    await isVaultKey(key, vector.vault_key_hex);
  });

  test(`binds the slot's place: ${vector.name}`, () => {
    const bound = new TextDecoder().decode(keyslot.slotAad(contextOf(vector)));
    assert.equal(bound, vector.aad);
  });
}

for (const vector of refused) {
  test(`refuses a slot: ${vector.name}`, async () => {
    const wrapKey = await wrapKeyOf(vector);
    const opening = keyslot.unwrapVaultKey({ wrapKey, slot: vector.slot, userId: vector.user_id });
    await assert.rejects(opening, errors[vector.error]);
  });
}

test("closes a slot that another implementation opens", async () => {
  const wrapKey = await wrapKeyOf(first);
  const vaultKey = await aesKey(fromHex(first.vault_key_hex), ["encrypt"], true);

  const slot = await keyslot.wrapVaultKey({ wrapKey, vaultKey, context: contextOf(first) });

  assert.deepEqual(Object.keys(slot).sort(), Object.keys(first.slot).sort());
  assert.notEqual(slot.nonce, first.slot.nonce);
  assert.equal(openByHand(slot, first.wrap_key_hex, first.aad), first.vault_key_hex);
});

test("makes vault keys of 32 bytes that differ", async () => {
  const raw = async () => hex(await crypto.subtle.exportKey("raw", await keyslot.makeVaultKey()));
  const [one, other] = [await raw(), await raw()];

  assert.equal(one.length, 64);
  assert.notEqual(one, other);
});

test("wraps the same vault key anew at a password change", async () => {
  const [oldKey, newKey] = [await wrapKeyOf(first), await wrapKeyOf(second)];
  const context = {
    ...contextOf(second),
    userId: first.user_id,
    vaultKeyId: first.slot.vault_key_id,
  };

  const slot = await keyslot.rewrapVaultKey(oldKey, first.slot, newKey, context);

  const userId = first.user_id;
  const opened = await keyslot.unwrapVaultKey({ wrapKey: newKey, slot, userId });
  await isVaultKey(opened, first.vault_key_hex);
  const withOld = keyslot.unwrapVaultKey({ wrapKey: oldKey, slot, userId });
  await assert.rejects(withOld, errors.WrongKey);
});

test("refuses to wrap anew under another vault key's id", async () => {
  const key = await wrapKeyOf(first);
  const context = { ...contextOf(first), vaultKeyId: second.slot.vault_key_id };
  const wrapped = keyslot.rewrapVaultKey(key, first.slot, key, context);
  await assert.rejects(wrapped, errors.MalformedData);
});

test("refuses to wrap anew with the wrong old password", async () => {
  const [wrong, next] = [await wrapKeyOf(second), await wrapKeyOf(first)];
  const wrapped = keyslot.rewrapVaultKey(wrong, first.slot, next, contextOf(first));
  await assert.rejects(wrapped, errors.WrongKey);
});

const badContexts = {
  "a kind it does not know": [{ kind: "former-password" }, errors.MalformedData],
  "capital letters in an id": [{ userId: first.user_id.toUpperCase() }, errors.MalformedData],
  "no user id": [{ userId: undefined }, errors.MalformedData],
  "a separator in an id": [{ slotId: `${first.slot.slot_id}|1` }, errors.MalformedData],
  "a short salt": [{ salt: new Uint8Array(15) }, errors.MalformedData],
  "too few iterations": [{ iterations: 599_999 }, errors.ParameterOutOfRange],
};
for (const [name, [change, error]] of Object.entries(badContexts)) {
  test(`refuses to close a slot with ${name}`, async () => {
    const [wrapKey, vaultKey] = [await wrapKeyOf(first), await keyslot.makeVaultKey()];
    const context = { ...contextOf(first), ...change };
    await assert.rejects(keyslot.wrapVaultKey({ wrapKey, vaultKey, context }), error);
  });
}

test("refuses a vault key of another size", async () => {
  const wrapKey = await wrapKeyOf(first);
  const vaultKey = await aesKey(new Uint8Array(16), ["encrypt"], true);
  const wrapped = keyslot.wrapVaultKey({ wrapKey, vaultKey, context: contextOf(first) });
  await assert.rejects(wrapped, errors.MalformedData);
});

test("does not call a key of the wrong use a wrong key", async () => {
  const wrapKey = await aesKey(fromHex(first.wrap_key_hex), ["encrypt"]);
  const opening = keyslot.unwrapVaultKey({ wrapKey, slot: first.slot, userId: first.user_id });
  await assert.rejects(opening, { name: "InvalidAccessError" });
});
