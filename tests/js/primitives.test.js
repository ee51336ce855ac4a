import assert from "node:assert/strict";
import { test } from "node:test";

import { fromHex, hex, vectors, aesKey } from "./support.js";

const published = vectors("primitives.json");
const bytes = (text) => new TextEncoder().encode(text);

for (const vector of published.hkdf_sha256) {
  test(`HKDF agrees with ${vector.source}`, async () => {
    const ikm = fromHex(vector.ikm_hex);
    const key = await crypto.subtle.importKey("raw", ikm, "HKDF", false, ["deriveBits"]);
    const [salt, info] = [fromHex(vector.salt_hex), fromHex(vector.info_hex)];
    const algorithm = { name: "HKDF", hash: "SHA-256", salt, info };

    const okm = await crypto.subtle.deriveBits(algorithm, key, vector.length * 8);

    assert.equal(hex(okm), vector.okm_hex);
  });
}

for (const vector of published.pbkdf2_hmac_sha256) {
  test(`PBKDF2 agrees with ${vector.source}, ${vector.iterations} iterations`, async () => {
    const typed = bytes(vector.password);
    const key = await crypto.subtle.importKey("raw", typed, "PBKDF2", false, ["deriveBits"]);
    const { salt, iterations, length } = vector;
    const algorithm = { name: "PBKDF2", hash: "SHA-256", salt: bytes(salt), iterations };

    const derived = await crypto.subtle.deriveBits(algorithm, key, length * 8);

    assert.equal(hex(derived), vector.key_hex);
  });
}

for (const vector of published.aes_256_gcm) {
  test(`AES-GCM agrees with ${vector.source}`, async () => {
    const key = await aesKey(fromHex(vector.key_hex), ["encrypt"]);
    const [iv, additionalData] = [fromHex(vector.nonce_hex), fromHex(vector.aad_hex)];
    const algorithm = { name: "AES-GCM", iv, additionalData };

    const sealed = await crypto.subtle.encrypt(algorithm, key, fromHex(vector.plaintext_hex));

    assert.equal(hex(sealed), vector.ciphertext_hex + vector.tag_hex);
  });
}

for (const vector of published.hmac_sha256) {
  test(`HMAC agrees with ${vector.source}`, async () => {
    const algorithm = { name: "HMAC", hash: "SHA-256" };
    const key = await crypto.subtle.importKey(
      "raw", fromHex(vector.key_hex), algorithm, false, ["sign"],
    );
    const tag = await crypto.subtle.sign("HMAC", key, fromHex(vector.message_hex));
    assert.equal(hex(tag), vector.tag_hex);
  });
}
