/* One card of the list: its elements, and the code it holds. */
import { current, group } from "./codes.js";

export class CodeCard {
  constructor(element, grouping) {
    this.element = element;
    this.grouping = grouping;
    this.id = element.dataset.entry;
    this.words = element.dataset.words;
    this.title = element.querySelector("[data-title]").textContent;
    this.button = element.querySelector("[data-copy]");
    this.countdown = element.querySelector("[data-countdown]");
    this.ring = element.querySelector("[data-countdown-ring]");
    this.seconds = element.querySelector("[data-countdown-seconds]");
    this.codeBox = element.querySelector("[data-code]");
    this.nextBox = element.querySelector("[data-next]");
    this.state = this.countdown ? this.#read() : null;
    this.counterCode = "";
  }

  /* The code to copy; "" while a counter-based entry has not been asked. */
  get code() {
    return this.state?.code ?? this.counterCode;
  }

  get isHidden() {
    return this.element.hidden;
  }

  set(state) {
    this.state = state;
    this.#write();
  }

  /* Let the next code take over when its time has come. */
  roll(now) {
    const state = current(this.state, now);
    if (state.code !== this.state.code) this.set(state);
    this.element.toggleAttribute("data-stale", state.stale);
    return state.stale;
  }

  showCounterCode(code) {
    this.counterCode = code;
    write(this.codeBox, code, this.grouping);
    this.button.hidden = false;
  }

  #read() {
    return {
      code: this.codeBox.textContent,
      next: this.nextBox.textContent,
      until: Number(this.element.dataset.until),
      period: Number(this.element.dataset.period),
    };
  }

  #write() {
    write(this.codeBox, this.state.code, this.grouping);
    write(this.nextBox, this.state.next, this.grouping);
    this.nextBox.parentElement.toggleAttribute("hidden", this.state.next === "");
  }
}

export function readCards(list) {
  const { grouping } = list.dataset;
  return [...list.querySelectorAll("[data-entry]")].map((card) => new CodeCard(card, grouping));
}

function write(box, code, grouping) {
  const parts = group(code, grouping).map((digits) => {
    const span = document.createElement("span");
    span.textContent = digits;
    return span;
  });
  box.replaceChildren(...parts);
}
