/* The form of a note: text, fields, and a block of recovery codes to paste. */

import { MOST_BYTES } from "../crypto/padding.js";
import { sizeOf } from "../crypto/record.js";
import { fill } from "../lib/codes.js";
import { button, hiddenWord, make } from "../lib/elements.js";

const MOST_CODE = 200;

/* Codes as services print them: one a line, perhaps numbered or with bullets. */
export function splitCodes(text) {
  return text
    .split(/[\n,;]+/)
    .map((line) => line.replace(/^\s*(?:\d{1,2}[.):]|[-*•])\s+/, "").trim())
    .filter((line) => line !== "" && line.length <= MOST_CODE);
}

export class NoteForm {
  constructor(form, words, { onChange }) {
    this.form = form;
    this.words = words;
    this.text = form.querySelector("[data-note-text]");
    this.paste = form.querySelector("[data-note-paste]");
    this.fields = form.querySelector("[data-note-fields]");
    this.codeList = form.querySelector("[data-note-codes]");
    this.codes = [];
    form.querySelector("[data-note-add-field]").addEventListener("click", () => {
      const row = this.#addField({ name: "", value: "", kind: "text" });
      row.querySelector("input").focus();
      this.#changed();
    });
    form.querySelector("[data-note-add-codes]").addEventListener("click", () => this.#takeCodes());
    form.addEventListener("input", () => this.#changed());
    this.onChange = onChange;
  }

  set(plain) {
    this.text.value = plain.note;
    this.fields.replaceChildren();
    for (const field of plain.fields) this.#addField(field);
    this.codes = plain.codes.map((row) => ({ ...row }));
    this.paste.value = "";
    this.#showCodes();
    this.#measure();
  }

  /* What is written, with codes that were pasted and not taken over yet. */
  get() {
    const fields = [...this.fields.children].map((row) => ({
      name: well(row.querySelector("[data-field-name]").value),
      value: well(row.querySelector("[data-field-value]").value),
      kind: row.querySelector("[data-field-kind]").value,
    }));
    const pasted = splitCodes(well(this.paste.value)).map((code) => ({ code, used_on: null }));
    return {
      v: 1,
      note: well(this.text.value),
      fields: fields.filter(({ name, value }) => name !== "" || value !== ""),
      codes: [...this.codes, ...pasted],
    };
  }

  #changed() {
    this.#measure();
    this.onChange();
  }

  #measure() {
    const size = sizeOf(this.get());
    const meter = this.form.querySelector("[data-note-meter]");
    meter.max = MOST_BYTES;
    meter.value = Math.min(size, MOST_BYTES);
    const words = fill(this.words.size, `${(size / 1024).toFixed(1)}`);
    const place = this.form.querySelector("[data-note-size]");
    place.textContent = size > MOST_BYTES ? this.words.tooLong : words;
    place.classList.toggle("note-warning", size > MOST_BYTES);
    this.isTooLong = size > MOST_BYTES;
    this.form.querySelector("[type=submit]").disabled = this.isTooLong;
  }

  #addField({ name, value, kind }) {
    const template = this.form.querySelector("template[data-note-field]");
    const row = template.content.firstElementChild.cloneNode(true);
    row.querySelector("[data-field-name]").value = name;
    const shown = row.querySelector("[data-field-value]");
    const choice = row.querySelector("[data-field-kind]");
    choice.value = kind;
    const show = () => {
      shown.type = choice.value === "hidden" ? "password" : "text";
    };
    choice.addEventListener("change", show);
    show();
    shown.value = value;
    row.querySelector("[data-field-remove]").addEventListener("click", () => {
      row.remove();
      this.#changed();
      this.form.querySelector("[data-note-add-field]").focus();
    });
    this.fields.append(row);
    return row;
  }

  #takeCodes() {
    this.codes.push(...splitCodes(well(this.paste.value)).map((code) => ({ code, used_on: null })));
    this.paste.value = "";
    this.#showCodes();
    this.#changed();
  }

  #showCodes() {
    this.codeList.replaceChildren(...this.codes.map((row, at) => {
      const name = fill(this.words.codeNumber, String(at + 1));
      const state = row.used_on === null ? "••••••••" : fill(this.words.usedOn, row.used_on);
      const remove = button(this.words.remove, () => {
        this.codes.splice(at, 1);
        this.#showCodes();
        this.#changed();
      }, "button-small button-quiet");
      remove.append(hiddenWord(name));
      return make("li", {}, make("span", {}, `${name}: ${state}`), remove);
    }));
    this.codeList.hidden = this.codes.length === 0;
  }
}

/* Half a character, as a clipboard may hold it, cannot be sealed. */
function well(text) {
  return text.toWellFormed ? text.toWellFormed() : text.replace(/\p{Surrogate}/gu, "\ufffd");
}
