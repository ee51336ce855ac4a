/*
 * Choosing a password: judge it, then derive what the server may keep, with a key slot for the
 * vault key. Used at sign-up and when a password is changed.
 */

import {
  deriveAuthSecret, deriveMaster, deriveWrapKey, makeSalt,
} from "../crypto/kdf.js";
import { judgePassword } from "../crypto/password-rules.js";
import { loadCommonPasswords } from "./common-passwords.js";
import { FormProblem, passwordField, typed } from "./password-form.js";

const RULES = {
  "too-short": "tooShort",
  "too-long": "tooLong",
  common: "common",
  personal: "personal",
};

/* The chosen password; throws a FormProblem at the field that needs another one. */
export async function chosenPassword(form, { email, displayName }) {
  const password = typed(form, "new");
  const common = await loadCommonPasswords(form.dataset.commonPasswords);
  const [broken] = judgePassword(password, {
    email,
    displayName,
    siteName: "AuthNode",
    isCommon: common.contains,
  });
  if (broken) throw new FormProblem(RULES[broken], passwordField(form, "new"));
  if (typed(form, "repeat") !== password) {
    throw new FormProblem("different", passwordField(form, "repeat"));
  }
  return password;
}

/* Answers {authSecret, wrapKey, salt, iterations} under a fresh salt. */
export async function deriveNew(password, iterations) {
  const salt = makeSalt();
  const master = await deriveMaster(password, salt, iterations);
  return {
    authSecret: await deriveAuthSecret(master),
    wrapKey: await deriveWrapKey(master),
    salt,
    iterations,
  };
}
