// form[data-preview]: the code of what is being typed, before anything is saved.
import { ApiRefusal, post } from "../lib/api.js";

const PAUSE_MS = 250;
const FIELDS = ["secret", "type", "algorithm", "digits", "period", "counter"];

export function bindLivePreview() {
  const form = document.querySelector("form[data-preview]");
  if (!form) return;
  const box = form.querySelector("[data-preview-box]");
  const output = form.querySelector("[data-preview-code]");
  let timer = 0;
  let running = null;

  function show(groups) {
    output.replaceChildren(...groups.map(digits));
    box.hidden = groups.length === 0;
  }

  async function ask() {
    running?.abort();
    if (form.elements.secret.value.trim() === "") return show([]);
    running = new AbortController();
    const body = Object.fromEntries(FIELDS.map((name) => [name, form.elements[name].value]));
    try {
      const answer = await post(form.dataset.preview, body, { signal: running.signal });
      // What is wrong is said when the form is sent, not while a person is still typing.
      show(answer.groups ?? []);
      if (answer.seconds) later(answer.seconds * 1000 + 100);
    } catch (error) {
      if (error.name === "AbortError") return;
      if (!(error instanceof ApiRefusal)) throw error;
      show([]);
    }
  }

  function later(ms) {
    clearTimeout(timer);
    timer = setTimeout(ask, ms);
  }

  form.addEventListener("input", (event) => {
    if (FIELDS.includes(event.target.name)) later(PAUSE_MS);
  });
  if (form.elements.secret.value !== "") ask();
}

function digits(text) {
  const span = document.createElement("span");
  span.textContent = text;
  return span;
}
