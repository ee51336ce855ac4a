/*
 * What all forms with a password share. The password field has no name, so the form never posts
 * it; the script derives what is posted into hidden fields, and shows what went wrong in the
 * page's own words (a template with data attributes).
 */

import { WrongKey } from "../crypto/errors.js";
import { hasWebCrypto } from "../crypto/kdf.js";
import { SignInNeeded, TooManyRequests, Unreachable } from "./api.js";

/* A problem that the person can mend; `word` names its sentence, `field` the input it is about. */
export class FormProblem extends Error {
  constructor(word, field = null) {
    super(word);
    this.name = new.target.name;
    this.word = word;
    this.field = field;
  }
}

/*
 * Runs `derive(form)` on submit; it fills the hidden fields, and then the form is posted, unless
 * the answer is false: then everything is done. A form with data-stays is answered by a download,
 * so that its page stays.
 */
export function onPasswordSubmit(form, derive) {
  if (!hasWebCrypto()) {
    showProblem(form, "noCrypto");
    form.querySelector("[type=submit]").disabled = true;
    return;
  }
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (form.dataset.busy) return;
    setBusy(form, true);
    clearProblems(form);
    try {
      const isDone = (await derive(form)) === false;
      forgetPasswords(form);
      if (!isDone) form.submit();
      if (isDone || "stays" in form.dataset) setBusy(form, false);
    } catch (error) {
      report(form, error);
      setBusy(form, false);
    }
  });
  // A page that comes back from the browser's memory must not look busy for ever.
  window.addEventListener("pageshow", () => setBusy(form, false));
}

export function passwordField(form, role) {
  return form.querySelector(`[data-password=${role}]`);
}

/* The typed password of a role; an empty one is a FormProblem. */
export function typed(form, role) {
  const field = passwordField(form, role);
  if (field.value === "") throw new FormProblem("empty", field);
  return field.value;
}

export function fill(form, name, value) {
  form.elements.namedItem(name).value = value;
}

function forgetPasswords(form) {
  for (const field of form.querySelectorAll("[data-password]")) field.value = "";
}

function setBusy(form, isBusy) {
  if (isBusy) form.dataset.busy = "true";
  else delete form.dataset.busy;
  form.querySelector("[type=submit]").disabled = isBusy;
  form.querySelector("[data-progress]").hidden = !isBusy;
}

function report(form, error) {
  if (error instanceof FormProblem && error.field) showAtField(form, error);
  else showProblem(form, wordFor(error));
}

function wordFor(error) {
  if (error instanceof FormProblem) return error.word;
  if (error instanceof SignInNeeded) return "confirm";
  if (error instanceof Unreachable) return "unreachable";
  if (error instanceof TooManyRequests) return "tooMany";
  if (error instanceof WrongKey) return "wrongKey";
  console.error("password form:", error.name);
  return "fault";
}

function showProblem(form, word) {
  const problem = form.querySelector("[data-problem]");
  problem.querySelector("[data-problem-text]").textContent = sentence(form, word);
  problem.hidden = false;
}

function showAtField(form, { word, field }) {
  const place = document.getElementById(`${field.id}_error`);
  place.textContent = sentence(form, word);
  place.hidden = false;
  field.setAttribute("aria-invalid", "true");
  field.closest(".field").classList.add("field-invalid");
  field.focus();
}

function clearProblems(form) {
  form.querySelector("[data-problem]").hidden = true;
  for (const field of form.querySelectorAll("[data-password]")) {
    document.getElementById(`${field.id}_error`).hidden = true;
    field.removeAttribute("aria-invalid");
    field.closest(".field").classList.remove("field-invalid");
  }
}

function sentence(form, word) {
  const words = form.querySelector("[data-words]").dataset;
  return words[word] ?? words.fault;
}
