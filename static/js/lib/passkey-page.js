/* What the pages with a passkey button share: starting, and saying what went wrong. */

import { WrongKey } from "../crypto/errors.js";
import { RequestRefused, SignInNeeded, TooManyRequests, Unreachable, post } from "./api.js";
import { FormProblem } from "./password-form.js";
import { knowsPasskeys } from "./webauthn.js";

const BROWSER_WORDS = {
  AbortError: "cancelled",
  InvalidStateError: "known",
  NotAllowedError: "cancelled",
  SecurityError: "elsewhere",
};

export function passkeyBox(name) {
  return document.querySelector(`[data-passkey=${name}]`);
}

/* Runs `work` at a press of the button; it answers the address to go on with, or null to stay. */
export function onPasskeyStart(box, work) {
  const button = box.querySelector("[data-passkey-start]");
  if (!knowsPasskeys()) {
    button.disabled = true;
    say(box, "unsupported");
    return;
  }
  const start = async (event) => {
    event.preventDefault();
    button.disabled = true;
    hush(box);
    try {
      const next = await work();
      if (next !== null) location.assign(next);
    } catch (error) {
      report(box, error);
      button.disabled = false;
    }
  };
  if (box instanceof HTMLFormElement) box.addEventListener("submit", start);
  else button.addEventListener("click", start);
}

export function options(box, wishes = {}) {
  return post(box.dataset.options, wishes);
}

/* Answers the server's {next, ...}. */
export function answer(box, body) {
  return post(box.dataset.answer, { next: box.dataset.next ?? "", ...body });
}

export function report(box, error) {
  if (error instanceof SignInNeeded) {
    // The page itself leads to the sign-in, or asks to confirm first.
    location.reload();
  } else if (error instanceof RequestRefused) {
    say(box, "refused", error.body?.error);
  } else {
    say(box, wordFor(error));
  }
}

/* What the browser and this page's own modules raise. */
function wordFor(error) {
  if (error instanceof FormProblem) return error.word;
  if (error instanceof WrongKey) return "wrongKey";
  if (error instanceof Unreachable) return "unreachable";
  if (error instanceof TooManyRequests) return "tooMany";
  const word = BROWSER_WORDS[error.name];
  if (word === undefined) console.error("passkey:", error.name);
  return word ?? "refused";
}

export function say(box, word, sentence) {
  const problem = box.querySelector("[data-passkey-problem]");
  const words = box.querySelector("[data-passkey-words]").dataset;
  problem.querySelector("[data-passkey-problem-text]").textContent = sentence ?? words[word];
  problem.hidden = false;
}

function hush(box) {
  box.querySelector("[data-passkey-problem]").hidden = true;
}
