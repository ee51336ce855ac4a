/* What the pages with a passkey button share: starting, and saying what went wrong. */

import { RequestRefused, Unreachable, post } from "./api.js";
import { knowsPasskeys } from "./webauthn.js";

export function passkeyBox(name) {
  return document.querySelector(`[data-passkey=${name}]`);
}

/* Runs `work` at a press of the button; it answers the address to go on with. */
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
      location.assign(await work());
    } catch (error) {
      report(box, error);
      button.disabled = false;
    }
  };
  if (box instanceof HTMLFormElement) box.addEventListener("submit", start);
  else button.addEventListener("click", start);
}

export function options(box) {
  return post(box.dataset.options, {});
}

/* Answers the server's {next, ...}. */
export function answer(box, body) {
  return post(box.dataset.answer, { next: box.dataset.next ?? "", ...body });
}

export function report(box, error) {
  if (error instanceof RequestRefused) say(box, "refused", error.body?.error);
  else if (error instanceof Unreachable) say(box, "unreachable");
  else if (error.name === "InvalidStateError") say(box, "known");
  else if (error.name === "NotAllowedError" || error.name === "AbortError") say(box, "cancelled");
  else {
    console.error("passkey:", error.name);
    say(box, "refused");
  }
}

function say(box, word, sentence) {
  const problem = box.querySelector("[data-passkey-problem]");
  const words = box.querySelector("[data-passkey-words]").dataset;
  problem.querySelector("[data-passkey-problem-text]").textContent = sentence ?? words[word];
  problem.hidden = false;
}

function hush(box) {
  box.querySelector("[data-passkey-problem]").hidden = true;
}
