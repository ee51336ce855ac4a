/*
 * WebAuthn between this page and the server: options come as JSON, answers go as JSON. What is
 * posted is picked field by field, and extension results are not among the fields: the result of
 * the PRF extension opens the vault key and must never travel.
 */

import { decodeBase64url, encodeBase64url } from "../crypto/bytes.js";

export function knowsPasskeys() {
  return globalThis.PublicKeyCredential !== undefined && navigator.credentials !== undefined;
}

/*
 * Answers {credential, rawId, transports, hasPrf}: what may be posted, what names the passkey here,
 * and whether the authenticator has PRF.
 */
export async function createPasskey({ publicKey }) {
  const options = {
    ...publicKey,
    challenge: decodeBase64url(publicKey.challenge),
    user: { ...publicKey.user, id: decodeBase64url(publicKey.user.id) },
    excludeCredentials: publicKey.excludeCredentials?.map(descriptor),
    extensions: { credProps: true, prf: {} },
  };
  const made = await navigator.credentials.create({ publicKey: options });
  const results = made.getClientExtensionResults();
  const { response } = made;
  const credential = {
    ...identity(made),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      attestationObject: encode(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
    clientExtensionResults: { credProps: { rk: results.credProps?.rk === true } },
  };
  const { transports } = credential.response;
  return { credential, rawId: made.rawId, transports, hasPrf: results.prf?.enabled === true };
}

/*
 * Answers {credential, prfResult}. With `prfInput` the PRF extension is asked; its result is an
 * ArrayBuffer or null and stays here. `only` is the one passkey {id, transports} that may answer. `conditional` and `signal` are for passkey autofill.
 */
export async function getPasskey({ publicKey }, { prfInput, only, conditional, signal } = {}) {
  const options = {
    ...publicKey,
    challenge: decodeBase64url(publicKey.challenge),
    allowCredentials: only
      ? [{ type: "public-key", id: only.id, transports: only.transports }]
      : publicKey.allowCredentials?.map(descriptor),
  };
  if (only) options.userVerification = "required";
  if (prfInput) options.extensions = { prf: { eval: { first: prfInput } } };
  const request = { publicKey: options, signal };
  if (conditional) request.mediation = "conditional";
  const got = await navigator.credentials.get(request);
  const { response } = got;
  const credential = {
    ...identity(got),
    response: {
      clientDataJSON: encode(response.clientDataJSON),
      authenticatorData: encode(response.authenticatorData),
      signature: encode(response.signature),
      userHandle: response.userHandle ? encode(response.userHandle) : null,
    },
    clientExtensionResults: {},
  };
  return { credential, prfResult: got.getClientExtensionResults().prf?.results?.first ?? null };
}

/* A request that nobody verifies: only to evaluate the PRF of one credential again. */
export function localRequest(rpId) {
  const challenge = encodeBase64url(crypto.getRandomValues(new Uint8Array(32)));
  return { publicKey: { challenge, rpId } };
}

function identity(made) {
  const attachment = made.authenticatorAttachment ?? null;
  return { id: made.id, rawId: encode(made.rawId), type: made.type, authenticatorAttachment: attachment };
}

function descriptor({ type, id, transports }) {
  return { type, id: decodeBase64url(id), transports };
}

function encode(buffer) {
  return encodeBase64url(new Uint8Array(buffer));
}
