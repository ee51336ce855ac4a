import assert from "node:assert/strict";
import { test } from "node:test";

import { decodeBase64url, encodeBase64url } from "../../static/js/crypto/bytes.js";
import { CryptoRefusal } from "../../static/js/crypto/errors.js";
import { emptyPlain, openNote, sealNote } from "../../static/js/crypto/record.js";
import { deriveContentKey } from "../../static/js/crypto/vault-key.js";

// Ten thousand with AUTHNODE_FIGURES=1 (`make figures` sets it); hundreds otherwise.
const ROUNDS = process.env.AUTHNODE_FIGURES === "1" ? 10_000 : 600;
const pick = (list) => list[Math.floor(Math.random() * list.length)];
const bit = (bytes) => {
  const at = Math.floor(Math.random() * bytes.length);
  return bytes.with(at, bytes[at] ^ (1 << Math.floor(Math.random() * 8)));
};

async function person() {
  const raw = crypto.getRandomValues(new Uint8Array(32));
  const key = await crypto.subtle.importKey("raw", raw, "HKDF", false, ["deriveBits"]);
  return {
    userId: crypto.randomUUID(),
    vaultKeyId: crypto.randomUUID(),
    contentKey: await deriveContentKey(key),
    entries: [crypto.randomUUID(), crypto.randomUUID()],
  };
}

/* Notes of two people, on two entries each, in three revisions, with a draft beside them. */
async function everything() {
  const rows = [];
  for (const who of [await person(), await person()]) {
    for (const entryId of who.entries) {
      for (const [revision, what] of [[1, "note"], [2, "note"], [3, "note"], [4, "draft"]]) {
        const plain = { ...emptyPlain(), note: `${entryId} ${revision} ${"x".repeat(revision * 200)}` };
        const sealed = await sealNote({ ...who, plain, place: { ...who, entryId, revision, what } });
        rows.push({ who, entryId, revision, what, sealed });
      }
    }
  }
  return rows;
}

const MANIPULATIONS = {
  flips: ({ sealed }) => {
    const field = pick(["ciphertext", "nonce", "salt"]);
    return { sealed: { ...sealed, [field]: encodeBase64url(bit(decodeBase64url(sealed[field]))) } };
  },
  truncations: ({ sealed }) => {
    const bytes = decodeBase64url(sealed.ciphertext);
    const end = Math.floor(Math.random() * bytes.length);
    return { sealed: { ...sealed, ciphertext: encodeBase64url(bytes.subarray(0, end)) } };
  },
  // A whole earlier revision with its own number is a roll-back, which lib/note-revisions.js finds.
  "swaps of rows": (row, rows) => ({ sealed: pick(rows.filter((each) => each.entryId !== row.entryId)).sealed }),
  "swaps of contents": (row, rows) => ({ sealed: { ...other(row, rows).sealed, revision: row.revision } }),
  "swaps of fields": (row, rows) => {
    const field = pick(["ciphertext", "nonce", "salt"]);
    return { sealed: { ...row.sealed, [field]: other(row, rows).sealed[field] } };
  },
  "swaps of users": ({ sealed, entryId }, rows, { who }) => ({ sealed, entryId, userId: stranger(who, rows).userId }),
  "swaps of keys": ({ sealed }, rows, { who }) => ({ sealed, contentKey: stranger(who, rows).contentKey }),
  "swaps of entries": ({ sealed, entryId }, rows, { who }) => ({ sealed, entryId: who.entries.find((id) => id !== entryId) }),
  "swaps of revisions": ({ sealed, revision }) => ({ sealed: { ...sealed, revision: pick([1, 2, 3, 4, 5].filter((each) => each !== revision)) } }),
  "swaps of key ids": ({ sealed }, rows, { who }) => ({ sealed: { ...sealed, vault_key_id: stranger(who, rows).vaultKeyId } }),
  "drafts as notes": ({ sealed, what }) => ({ sealed, what: what === "note" ? "draft" : "note" }),
};

function other(row, rows) {
  return pick(rows.filter((each) => each !== row));
}

function stranger(who, rows) {
  return rows.find((each) => each.who !== who).who;
}

test(`opens none of ${ROUNDS} manipulated notes`, async () => {
  const rows = await everything();
  const kinds = Object.entries(MANIPULATIONS);
  let opened = 0;
  for (let round = 0; round < ROUNDS; round += 1) {
    const row = pick(rows);
    const [name, manipulate] = kinds[round % kinds.length];
    const { userId, contentKey } = row.who;
    const right = { userId, contentKey, entryId: row.entryId, what: row.what };
    try {
      await openNote({ ...right, ...manipulate(row, rows, row) });
      opened += 1;
      console.log("opened:", name);
    } catch (error) {
      assert.ok(error instanceof CryptoRefusal, `${name}: ${error}`);
    }
  }
  console.log(`manipulations that opened: ${opened} of ${ROUNDS}`);
  assert.equal(opened, 0);
  for (const { who, entryId, what, sealed } of rows) {
    const plain = await openNote({ ...who, entryId, what, sealed });
    assert.ok(plain.note.startsWith(entryId));
  }
});
