// [data-favourite]: mark or unmark an entry without a new page.
import { ApiRefusal, post } from "../lib/api.js";

export function bindFavourite(list) {
  list.addEventListener("click", async (event) => {
    const button = event.target.closest("[data-favourite]");
    if (!button) return;
    event.preventDefault();
    const wanted = button.getAttribute("aria-pressed") !== "true";
    button.setAttribute("aria-pressed", String(wanted));
    try {
      const answer = await post(button.formAction, { wanted });
      button.setAttribute("aria-pressed", String(answer.is_favourite));
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      button.setAttribute("aria-pressed", String(!wanted));
    }
  });
}
