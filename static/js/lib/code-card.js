/* One card of the list: its elements, and the code it holds. */
import { current, group } from "./codes.js";

export class CodeCard {
  constructor(element, { grouping, isHiding }) {
    this.element = element;
    this.grouping = grouping;
    this.isHiding = isHiding;
    this.isShown = !isHiding;
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

  /* Asked for by hand, so it is shown at once. */
  showCounterCode(code) {
    this.counterCode = code;
    this.isShown = true;
    this.#writeBoth(code, "");
    this.button.hidden = false;
  }

  /* Show the digits, or dots in their place. */
  show(isShown) {
    this.isShown = isShown || !this.isHiding;
    this.element.toggleAttribute("data-shown", this.isShown);
    this.#writeBoth(this.code, this.state?.next ?? "");
  }

  #read() {
    const { code, nextCode } = this.element.dataset;
    return {
      code: code ?? this.codeBox.textContent,
      next: nextCode ?? this.nextBox.textContent,
      until: Number(this.element.dataset.until),
      period: Number(this.element.dataset.period),
    };
  }

  #writeBoth(code, next) {
    write(this.codeBox, this.isShown ? code : dots(code), this.grouping);
    if (this.nextBox) write(this.nextBox, this.isShown ? next : dots(next), this.grouping);
  }

  #write() {
    this.#writeBoth(this.state.code, this.state.next);
    this.nextBox.parentElement.toggleAttribute("hidden", this.state.next === "");
  }
}

export function readCards(list) {
  const options = { grouping: list.dataset.grouping, isHiding: "hiding" in list.dataset };
  return [...list.querySelectorAll("[data-entry]")].map((card) => new CodeCard(card, options));
}

function dots(code) {
  return "•".repeat(code.length);
}

function write(box, code, grouping) {
  const parts = group(code, grouping).map((digits) => {
    const span = document.createElement("span");
    span.textContent = digits;
    return span;
  });
  box.replaceChildren(...parts);
}
