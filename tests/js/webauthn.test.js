import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";

import "./support.js";
import { decodeBase64url, encodeBase64url } from "../../static/js/crypto/bytes.js";
import * as webauthn from "../../static/js/lib/webauthn.js";

const SECRET = Uint8Array.from({ length: 32 }, (_, at) => 200 - at);
const ID = new Uint8Array([1, 2, 3]);
const own = Object.getOwnPropertyDescriptor(globalThis, "navigator");
let asked;

function buffer(...bytes) {
  return Uint8Array.from(bytes).buffer;
}

/* What a browser answers; its `toJSON` holds the PRF result, as the standard says. */
function credentialWith(response, results) {
  return {
    id: encodeBase64url(ID),
    rawId: ID.buffer,
    type: "public-key",
    authenticatorAttachment: "platform",
    response,
    getClientExtensionResults: () => results,
    toJSON: () => ({ clientExtensionResults: results }),
  };
}

const attestation = () => ({
  clientDataJSON: buffer(10),
  attestationObject: buffer(20),
  getTransports: () => ["internal", "hybrid"],
});
const assertion = (userHandle) => ({
  clientDataJSON: buffer(10),
  authenticatorData: buffer(30),
  signature: buffer(40),
  userHandle,
});

function answerWith(credential) {
  const answer = async (request) => {
    asked = request;
    return credential;
  };
  const credentials = { create: answer, get: answer };
  Object.defineProperty(globalThis, "navigator", { value: { credentials }, configurable: true });
}

beforeEach(() => {
  asked = undefined;
  globalThis.PublicKeyCredential = class {};
});

afterEach(() => {
  if (own) Object.defineProperty(globalThis, "navigator", own);
  else delete globalThis.navigator;
  delete globalThis.PublicKeyCredential;
});

const CREATION = {
  publicKey: {
    rp: { id: "vault.example", name: "AuthNode" },
    user: { id: encodeBase64url(new Uint8Array([9])), name: "ida", displayName: "Ida" },
    challenge: encodeBase64url(new Uint8Array([7, 7])),
    excludeCredentials: [{ type: "public-key", id: encodeBase64url(ID), transports: ["usb"] }],
  },
};
const REQUEST = { publicKey: { rpId: "vault.example", challenge: encodeBase64url(ID) } };

test("hands the browser bytes where the server sent text", async () => {
  answerWith(credentialWith(attestation(), {}));
  await webauthn.createPasskey(CREATION);

  const { publicKey } = asked;
  assert.deepEqual([...publicKey.challenge], [7, 7]);
  assert.deepEqual([...publicKey.user.id], [9]);
  assert.deepEqual([...publicKey.excludeCredentials[0].id], [1, 2, 3]);
  assert.deepEqual(publicKey.excludeCredentials[0].transports, ["usb"]);
  assert.deepEqual(publicKey.extensions, { credProps: true, prf: {} });
});

test("posts a new passkey field by field", async () => {
  const results = { credProps: { rk: true }, prf: { enabled: true, results: { first: SECRET } } };
  answerWith(credentialWith(attestation(), results));
  const { credential, hasPrf } = await webauthn.createPasskey(CREATION);

  assert.equal(hasPrf, true);
  assert.equal(credential.rawId, "AQID");
  assert.deepEqual(credential.response.transports, ["internal", "hybrid"]);
  assert.deepEqual(credential.clientExtensionResults, { credProps: { rk: true } });
});

test("never has a PRF result in what may be posted", async () => {
  const results = { prf: { enabled: true, results: { first: SECRET.buffer } } };
  answerWith(credentialWith(assertion(buffer(9)), results));
  const prfInput = new Uint8Array(32);
  const { credential, prfResult } = await webauthn.getPasskey(REQUEST, { prfInput });

  assert.deepEqual(new Uint8Array(prfResult), SECRET);
  const posted = JSON.stringify(credential);
  assert.doesNotMatch(posted, /prf|results|first/);
  assert.ok(!posted.includes(encodeBase64url(SECRET)));
  assert.deepEqual(credential.clientExtensionResults, {});
});

test("evaluates the PRF only when asked to, on the one input", async () => {
  answerWith(credentialWith(assertion(null), {}));
  const { credential, prfResult } = await webauthn.getPasskey(REQUEST);
  assert.equal("extensions" in asked.publicKey, false);
  assert.equal(prfResult, null);
  assert.equal(credential.response.userHandle, null);

  const prfInput = new Uint8Array([5]);
  await webauthn.getPasskey(REQUEST, { prfInput });
  assert.deepEqual(asked.publicKey.extensions, { prf: { eval: { first: prfInput } } });
});

test("offers autofill without naming a passkey", async () => {
  answerWith(credentialWith(assertion(buffer(9)), {}));
  const { signal } = new AbortController();
  await webauthn.getPasskey(REQUEST, { conditional: true, signal });

  assert.equal(asked.mediation, "conditional");
  assert.equal(asked.signal, signal);
  assert.equal(asked.publicKey.allowCredentials, undefined);
});

test("asks the same passkey again for itself, with its owner verified", async () => {
  answerWith(credentialWith(assertion(null), {}));
  const local = webauthn.localRequest("vault.example");
  await webauthn.getPasskey(local, { only: { id: ID.buffer, transports: ["usb"] } });

  assert.equal(decodeBase64url(local.publicKey.challenge).length, 32);
  assert.equal(asked.publicKey.userVerification, "required");
  const wanted = { type: "public-key", id: ID.buffer, transports: ["usb"] };
  assert.deepEqual(asked.publicKey.allowCredentials, [wanted]);
});

test("knows where there are no passkeys", () => {
  answerWith(null);
  assert.equal(webauthn.knowsPasskeys(), true);
  delete globalThis.PublicKeyCredential;
  assert.equal(webauthn.knowsPasskeys(), false);
});
