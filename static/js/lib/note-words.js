/* What the scripts of notes say. The words are in the page (templates/notes/*words.html). */

import { WrongKey } from "../crypto/errors.js";
import { SignInNeeded, TooManyRequests, Unreachable } from "./api.js";

const REFUSALS = {
  changed: "changed", exists: "openFirst", key: "newKey", locked: "key", gone: "gone", long: "tooLong",
};

export function noteWords() {
  const templates = document.querySelectorAll("template[data-note-words]");
  return Object.assign({}, ...[...templates].map(({ dataset }) => ({ ...dataset })));
}

/* The name of the sentence for a failure of a request or of the browser. */
export function wordForFailure(error) {
  if (error instanceof SignInNeeded) return "signInNeeded";
  if (error instanceof Unreachable) return "unreachable";
  if (error instanceof TooManyRequests) return "tooMany";
  if (error instanceof WrongKey) return "wrongKey";
  if (error?.name === "TooLong") return "tooLong";
  if (error?.name === "QuotaExceededError") return "quota";
  return REFUSALS[error?.body?.error] ?? "fault";
}
