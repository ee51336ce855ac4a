// [data-next-code]: the next code of a counter-based entry, in its card and without a new page.
import { ApiRefusal, post, SignInNeeded } from "../lib/api.js";
import { announce } from "../lib/announce.js";
import { fill } from "../lib/codes.js";

export function bindNextCode(list, cards) {
  const byElement = new Map(cards.map((card) => [card.element, card]));

  async function ask(button) {
    const card = byElement.get(button.closest("[data-entry]"));
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const { code, counter } = await post(button.formAction, {});
      card.showCounterCode(code);
      card.element.querySelector("[data-counter]").textContent = fill(list.dataset.textCounter, counter);
      card.button.focus();
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      if (error instanceof SignInNeeded) location.reload();
      announce(error.body?.refusal ?? list.dataset.textFailed);
      card.element.querySelector("[data-counter]").textContent = error.body?.refusal ?? list.dataset.textFailed;
    } finally {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-next-code]");
    if (!button) return;
    event.preventDefault();
    ask(button);
  });
}
