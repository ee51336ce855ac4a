/* An opened note as it is read: Markdown, fields, and the recovery codes of the service. */

import { putForAWhile } from "../lib/clipboard.js";
import { fill } from "../lib/codes.js";
import { button, hiddenWord, make } from "../lib/elements.js";
import { render, safeHref } from "../lib/markdown.js";

const MASK = "••••••••";

/* `onUsed(index, isUsed)` is called when a code is ticked off; without it nothing can be ticked. */
export function noteView(plain, { words, onUsed = null }) {
  return [
    plain.note === "" ? null : make("div", { class: "note-text" }, render(plain.note, document)),
    plain.fields.length === 0 ? null : fieldsView(plain.fields, words),
    plain.codes.length === 0 ? null : codesView(plain.codes, { words, onUsed }),
  ].filter((part) => part !== null);
}

export function isEmpty({ note, fields, codes }) {
  return note === "" && fields.length === 0 && codes.length === 0;
}

function fieldsView(fields, words) {
  return make("dl", { class: "note-fields" }, ...fields.map((field) => fieldView(field, words)));
}

function fieldView({ name, value, kind }, words) {
  const label = name === "" ? words.unnamed : name;
  const shown = kind === "hidden" ? make("span", { class: "mono" }, MASK) : valueOf(value, kind);
  const tools = [copyButton(value, label, words)];
  if (kind === "hidden") tools.unshift(revealButton(shown, value, label, words));
  return make("div", {}, make("dt", {}, label), make("dd", {}, shown, make("span", { class: "note-tools" }, ...tools)));
}

function valueOf(value, kind) {
  const href = kind === "url" ? safeHref(value) : null;
  if (href === null) return make("span", {}, value);
  return make("a", { href, rel: "noopener noreferrer", target: "_blank" }, value);
}

function codesView(codes, { words, onUsed }) {
  const left = codes.filter(({ used_on: usedOn }) => usedOn === null).length;
  const warning = left === 1 ? words.lastCode : words.noCodes;
  return make(
    "section",
    { class: "note-codes", "aria-label": words.codes },
    make("h3", {}, words.codes),
    left > 1 ? null : make("p", { class: "note-warning" }, warning),
    make("ul", { role: "list" }, ...codes.map((row, at) => codeView(row, at, { words, onUsed }))),
  );
}

function codeView({ code, used_on: usedOn }, at, { words, onUsed }) {
  const name = fill(words.codeNumber, String(at + 1));
  const shown = make("code", { class: "mono" }, MASK);
  const state = usedOn === null ? null : make("span", { class: "muted small" }, fill(words.usedOn, usedOn));
  const tick = make("input", { type: "checkbox", "aria-label": `${words.markUsed}: ${name}`, disabled: onUsed === null });
  tick.checked = usedOn !== null;
  tick.addEventListener("change", () => onUsed(at, tick.checked));
  return make(
    "li",
    usedOn === null ? {} : { class: "note-code-used" },
    make("label", { class: "note-tick" }, tick, make("span", { "aria-hidden": "true" }, words.markUsed)),
    shown,
    state,
    make("span", { class: "note-tools" }, revealButton(shown, code, name, words), copyButton(code, name, words)),
  );
}

function revealButton(place, value, name, words) {
  let isShown = false;
  const label = make("span", {}, words.show);
  return button(label, ({ currentTarget }) => {
    isShown = !isShown;
    place.textContent = isShown ? value : MASK;
    label.textContent = isShown ? words.hide : words.show;
    currentTarget.setAttribute("aria-pressed", String(isShown));
  }, "button-small button-quiet", { "aria-label": `${words.show}: ${name}`, "aria-pressed": "false" });
}

function copyButton(value, name, words) {
  const label = make("span", {}, words.copy);
  return make(
    "button",
    {
      type: "button",
      class: "button button-small button-quiet",
      onclick: async () => {
        await putForAWhile(value);
        label.textContent = words.copied;
      },
    },
    label,
    hiddenWord(name),
  );
}
