// [data-next-code]: the next code of a counter-based entry, in its card and without a new page.
import { ApiRefusal, post, SignInNeeded } from "../lib/api.js";
import { announce } from "../lib/announce.js";
import { fill } from "../lib/codes.js";
import { askSession } from "../lib/session-channel.js";

export function bindNextCode(list, cards) {
  const byElement = new Map(cards.map((card) => [card.element, card]));

  async function ask(button) {
    const card = byElement.get(button.closest("[data-entry]"));
    button.setAttribute("aria-busy", "true");
    button.disabled = true;
    try {
      const { code, counter } = await post(button.formAction, {});
      card.showCounterCode(code);
      card.element.dispatchEvent(new CustomEvent("countercode", { bubbles: true }));
      card.element.querySelector("[data-counter]").textContent = fill(list.dataset.textCounter, counter);
      card.button.focus();
      offerUndo(card, counter);
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      if (error instanceof SignInNeeded) askSession();
      announce(error.body?.refusal ?? list.dataset.textFailed);
      card.element.querySelector("[data-counter]").textContent = error.body?.refusal ?? list.dataset.textFailed;
    } finally {
      button.removeAttribute("aria-busy");
      button.disabled = false;
    }
  }

  // The code was asked for by mistake: one step can be taken back.
  function offerUndo(card, counter) {
    const { element } = card;
    let undo = element.querySelector("[data-undo-code]");
    if (!undo) {
      undo = document.createElement("button");
      undo.type = "submit";
      undo.className = "button button-quiet button-small code-card-undo";
      undo.dataset.undoCode = "";
      undo.setAttribute("form", "deeds");
      undo.name = "counter";
      undo.textContent = list.dataset.textUndo;
      undo.setAttribute("formaction", `${list.dataset.entries}${card.id}/undo-code/`);
      element.querySelector(".code-card-end").prepend(undo);
    }
    undo.value = String(counter);
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-next-code]");
    if (!button) return;
    event.preventDefault();
    ask(button);
  });
}
