import assert from "node:assert/strict";
import { test } from "node:test";

import * as errors from "../../static/js/crypto/errors.js";
import { asMaterial, makeVaultKey, wrapVaultKey } from "../../static/js/crypto/keyslot.js";
import { openOlderKeys } from "../../static/js/crypto/older-keys.js";
import { deriveOlderWrapKey } from "../../static/js/crypto/vault-key.js";
import { fromHex, hex, vectors } from "./support.js";

const userId = "3f0d6b52-8c1e-4a77-9b0a-5d2e61c4f9a8";

async function made() {
  const vaultKey = await makeVaultKey();
  return { id: crypto.randomUUID(), vaultKey, material: await asMaterial(vaultKey) };
}

async function link(newer, older, changes = {}) {
  return wrapVaultKey({
    wrapKey: await deriveOlderWrapKey(newer.material),
    vaultKey: older.vaultKey,
    context: {
      userId,
      vaultKeyId: older.id,
      kind: "older",
      slotId: crypto.randomUUID(),
      newerKeyId: newer.id,
      ...changes,
    },
  });
}

const openedFrom = (newest, slots) =>
  openOlderKeys({ vaultKey: newest.material, vaultKeyId: newest.id, userId, slots });

async function probe(key) {
  const info = new TextEncoder().encode("probe");
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info };
  return hex(await crypto.subtle.deriveBits(hkdf, key, 256));
}

async function assertOpens(keys, ...wanted) {
  assert.deepEqual([...keys.keys()].sort(), wanted.map(({ id }) => id).sort());
  for (const { id, material } of wanted) {
    assert.equal(keys.get(id).extractable, false);
    assert.equal(await probe(keys.get(id)), await probe(material));
  }
}

test("answers the open key alone where nothing came before", async () => {
  const newest = await made();
  const passkey = { kind: "passkey", vault_key_id: newest.id };
  const { keys, refused } = await openedFrom(newest, [passkey]);
  await assertOpens(keys, newest);
  assert.equal(refused.size, 0);
});

test("follows the chain down whatever the order of the slots", async () => {
  const [first, second, third, side] = [await made(), await made(), await made(), await made()];
  const slots = [
    await link(second, first), await link(third, second), await link(third, side),
  ];
  for (const order of [slots, slots.toReversed()]) {
    const { keys, refused } = await openedFrom(third, order);
    await assertOpens(keys, first, second, third, side);
    assert.equal(refused.size, 0);
  }
});

test("opens nothing upwards", async () => {
  const [older, newer] = [await made(), await made()];
  const { keys } = await openedFrom(older, [await link(newer, older)]);
  await assertOpens(keys, older);
});

test("goes round in no circle", async () => {
  const [one, other] = [await made(), await made()];
  const { keys } = await openedFrom(one, [await link(one, other), await link(other, one)]);
  await assertOpens(keys, one, other);
});

test("keeps what opens beside a link that is damaged", async () => {
  const [first, second, third, side] = [await made(), await made(), await made(), await made()];
  const damaged = await link(third, second);
  damaged.ciphertext = (damaged.ciphertext[0] === "A" ? "B" : "A") + damaged.ciphertext.slice(1);
  const slots = [await link(second, first), damaged, await link(third, side)];

  const { keys, refused } = await openedFrom(third, slots);

  await assertOpens(keys, third, side);
  assert.deepEqual([...refused.keys()], [second.id]);
  assert.ok(refused.get(second.id) instanceof errors.WrongKey);
});

test("takes a second link where the first is damaged", async () => {
  const [older, newer] = [await made(), await made()];
  const damaged = { ...(await link(newer, older)), nonce: "AAAAAAAAAAAAAAAA" };
  const { keys, refused } = await openedFrom(newer, [damaged, await link(newer, older)]);
  await assertOpens(keys, older, newer);
  assert.equal(refused.size, 0);
});

test("names a version that it does not know", async () => {
  const [older, newer] = [await made(), await made()];
  const { refused } = await openedFrom(newer, [{ ...(await link(newer, older)), v: 2 }]);
  assert.ok(refused.get(older.id) instanceof errors.UnsupportedVersion);
});

test("refuses somebody else's link", async () => {
  const [older, newer] = [await made(), await made()];
  const foreign = await link(newer, older, { userId: crypto.randomUUID() });
  const { keys, refused } = await openedFrom(newer, [foreign]);
  await assertOpens(keys, newer);
  assert.ok(refused.get(older.id) instanceof errors.WrongKey);
});

test("opens what the other language closed", async () => {
  const { cases } = vectors("keyslot-kinds-v1.json");
  const vector = cases.find(({ kind }) => kind === "older");
  const raw = fromHex(vector.newer_vault_key_hex);
  const vaultKey = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveKey"]);
  const { keys } = await openOlderKeys({
    vaultKey,
    vaultKeyId: vector.slot.newer_key_id,
    userId: vector.user_id,
    slots: [vector.slot],
  });
  const inside = await crypto.subtle.importKey(
    "raw", fromHex(vector.vault_key_hex), "HKDF", false, ["deriveBits"],
  );
  assert.equal(await probe(keys.get(vector.slot.vault_key_id)), await probe(inside));
});
