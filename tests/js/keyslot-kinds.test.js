import assert from "node:assert/strict";
import { hkdfSync } from "node:crypto";
import { test } from "node:test";

import * as errors from "../../static/js/crypto/errors.js";
import * as keyslot from "../../static/js/crypto/keyslot.js";
import { PRF_INPUT, deriveWrapKeyFromPrf } from "../../static/js/crypto/prf.js";
import { deriveRecoveryWrapKey } from "../../static/js/crypto/recovery.js";
import * as derived from "../../static/js/crypto/vault-key.js";
import { aesKey, fromHex, hex, vectors } from "./support.js";

const kinds = vectors("keyslot-kinds-v1.json");
const [passkey, recovery, older] = kinds.cases;

const material = (bytes) =>
  crypto.subtle.importKey("raw", bytes, "HKDF", false, ["deriveBits", "deriveKey"]);

async function wrapKeyOf(vector) {
  if (vector.kind === "passkey") return deriveWrapKeyFromPrf(fromHex(vector.prf_hex).buffer);
  if (vector.kind === "recovery") return deriveRecoveryWrapKey(fromHex(vector.recovery_key_hex));
  return derived.deriveOlderWrapKey(await material(fromHex(vector.newer_vault_key_hex)));
}

async function probe(key) {
  const info = new TextEncoder().encode("probe");
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return hex(await crypto.subtle.deriveBits(hkdf, key, 256));
}

const probeOf = (keyHex) => hex(hkdfSync("sha256", fromHex(keyHex), "", "probe", 32));

function contextOf({ user_id: userId, slot }) {
  return {
    userId,
    vaultKeyId: slot.vault_key_id,
    kind: slot.kind,
    slotId: slot.slot_id,
    newerKeyId: slot.newer_key_id,
  };
}

test("asks every passkey the same", () => {
  assert.equal(hex(PRF_INPUT), kinds.prf_input_hex);
});

for (const vector of kinds.cases) {
  test(`opens a slot with ${vector.name}`, async () => {
    const wrapKey = await wrapKeyOf(vector);
    const { slot, user_id: userId } = vector;
    const key = await keyslot.unwrapVaultKey({ wrapKey, slot, userId });

    assert.equal(wrapKey.extractable, false);
    assert.equal(await probe(key), probeOf(vector.vault_key_hex));
    const bound = keyslot.slotAad(contextOf(vector));
    assert.equal(new TextDecoder().decode(bound), vector.aad);
  });

  test(`closes a slot for ${vector.name}`, async () => {
    const wrapKey = await wrapKeyOf(vector);
    const { slot, user_id: userId } = vector;
    const vaultKey = await keyslot.unwrapForWrapping({ wrapKey, slot, userId });
    const next = await keyslot.wrapVaultKey({ wrapKey, vaultKey, context: contextOf(vector) });

    assert.deepEqual(Object.keys(next).sort(), Object.keys(slot).sort());
    const opened = await keyslot.unwrapVaultKey({ wrapKey, slot: next, userId });
    assert.equal(await probe(opened), probeOf(vector.vault_key_hex));
  });
}

for (const vector of kinds.refused) {
  test(`refuses ${vector.name}`, async () => {
    const wrapKey = await aesKey(fromHex(vector.wrap_key_hex), ["unwrapKey"]);
    const { slot, user_id: userId } = vector;
    const opening = keyslot.unwrapVaultKey({ wrapKey, slot, userId });
    await assert.rejects(opening, (error) => error.name === vector.error);
  });
}

test("refuses to wrap a key under itself", async () => {
  const [wrapKey, vaultKey] = [await wrapKeyOf(older), await keyslot.makeVaultKey()];
  const context = { ...contextOf(older), newerKeyId: older.slot.vault_key_id };
  const wrapping = keyslot.wrapVaultKey({ wrapKey, vaultKey, context });
  await assert.rejects(wrapping, errors.MalformedData);
});

test("refuses a PRF result of another length", async () => {
  await assert.rejects(deriveWrapKeyFromPrf(new ArrayBuffer(31)), errors.MalformedData);
  await assert.rejects(deriveWrapKeyFromPrf(new Uint8Array(64)), errors.MalformedData);
});

test("takes only password slots where it asks for one", () => {
  for (const { slot } of [passkey, recovery, older]) {
    assert.throws(() => keyslot.parsePasswordSlot(slot), errors.MalformedData);
  }
});

test("derives keys for content and index that cannot be read back", async () => {
  const vaultKey = await material(fromHex(kinds.derived.vault_key_hex));
  const content = await derived.deriveContentKey(vaultKey);
  const index = await derived.deriveIndexKey(vaultKey);

  assert.deepEqual([content.extractable, index.extractable], [false, false]);
  assert.equal(await probe(content), probeOf(kinds.derived.content_hex));
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const raw = fromHex(kinds.derived.index_hex);
  const expected = await crypto.subtle.importKey("raw", raw, hmac, false, ["sign"]);
  const word = new TextEncoder().encode("word");
  assert.equal(
    hex(await crypto.subtle.sign("HMAC", index, word)),
    hex(await crypto.subtle.sign("HMAC", expected, word)),
  );
});

test("answers the first slot that a wrap key opens", async () => {
  const wrapKey = await wrapKeyOf(passkey);
  const userId = passkey.user_id;
  const damaged = { ...passkey.slot, nonce: "AAAAAAAAAAAAAAAA" };

  const found = await keyslot.firstThatOpens([damaged, passkey.slot], wrapKey, userId);

  assert.equal(found.slot, passkey.slot);
  assert.equal(found.vaultKey.extractable, true);
  for (const slots of [[], [damaged]]) {
    await assert.rejects(keyslot.firstThatOpens(slots, wrapKey, userId), errors.WrongKey);
  }
});

test("closes and opens a vault key outside of a slot", async () => {
  const wrapKey = await aesKey(new Uint8Array(32), ["wrapKey", "unwrapKey"]);
  const { slot, user_id: userId } = passkey;
  const opening = { wrapKey: await wrapKeyOf(passkey), slot, userId };
  const vaultKey = await keyslot.unwrapForWrapping(opening);
  const place = new TextEncoder().encode("place");

  const sealed = await keyslot.closeVaultKey(vaultKey, wrapKey, place);

  const opened = await keyslot.reopenVaultKey(sealed, wrapKey, place);
  assert.equal(await probe(opened), probeOf(passkey.vault_key_hex));
  const elsewhere = keyslot.reopenVaultKey(sealed, wrapKey, new TextEncoder().encode("other"));
  await assert.rejects(elsewhere, errors.WrongKey);
});

test("turns a wrappable vault key into material", async () => {
  const { slot, user_id: userId } = passkey;
  const opening = { wrapKey: await wrapKeyOf(passkey), slot, userId };
  const key = await keyslot.asMaterial(await keyslot.unwrapForWrapping(opening));
  assert.equal(key.extractable, false);
  assert.equal(await probe(key), probeOf(passkey.vault_key_hex));
});
