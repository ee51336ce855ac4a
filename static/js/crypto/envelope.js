/*
 * A sealed note on the wire: {v: 1, vault_key_id, salt, nonce, ciphertext, revision}, no other
 * field. salt (32 bytes), nonce (12) and ciphertext (a padded length and 16) are base64url.
 */

import { decodeBase64url, encodeBase64url } from "./bytes.js";
import { MalformedData, ParameterOutOfRange } from "./errors.js";
import { VERSION, checkVersion } from "./kdf.js";
import { checkId } from "./keyslot.js";
import { isPaddedLength } from "./padding.js";

export const SALT_BYTES = 32;
export const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const MOST_REVISIONS = 2 ** 31 - 1;
const FIELDS = "ciphertext,nonce,revision,salt,v,vault_key_id";

export function checkRevision(revision) {
  if (!Number.isInteger(revision)) throw new MalformedData("revision");
  if (revision < 1 || revision > MOST_REVISIONS) throw new ParameterOutOfRange("revision");
}

export function parseSealed(sealed) {
  checkVersion(sealed);
  if (Object.keys(sealed).sort().join() !== FIELDS) throw new MalformedData("sealed fields");
  checkId(sealed.vault_key_id);
  checkRevision(sealed.revision);
  const ciphertext = decodeBase64url(sealed.ciphertext);
  if (!isPaddedLength(ciphertext.length - TAG_BYTES)) throw new MalformedData("sealed length");
  return {
    vaultKeyId: sealed.vault_key_id,
    revision: sealed.revision,
    salt: decodeBase64url(sealed.salt, SALT_BYTES),
    nonce: decodeBase64url(sealed.nonce, NONCE_BYTES),
    ciphertext,
  };
}

export function writeSealed({ vaultKeyId, revision, salt, nonce, ciphertext }) {
  return {
    v: VERSION,
    vault_key_id: vaultKeyId,
    salt: encodeBase64url(salt),
    nonce: encodeBase64url(nonce),
    ciphertext: encodeBase64url(ciphertext),
    revision,
  };
}
