/* What the scripts of notes say. The words are in the page (templates/notes/words.html). */

import { WrongKey } from "../crypto/errors.js";
import { SignInNeeded, TooManyRequests, Unreachable } from "./api.js";

export function noteWords() {
  return document.querySelector("template[data-note-words]").dataset;
}

/* The name of the sentence for a failure of a request or of the browser. */
export function wordForFailure(error) {
  if (error instanceof SignInNeeded) return "signInNeeded";
  if (error instanceof Unreachable) return "unreachable";
  if (error instanceof TooManyRequests) return "tooMany";
  if (error instanceof WrongKey) return "wrongKey";
  if (error?.name === "QuotaExceededError") return "quota";
  const word = error?.body?.error;
  return { changed: "changed", key: "newKey", locked: "key", gone: "gone", long: "tooLong" }[word] ?? "fault";
}
