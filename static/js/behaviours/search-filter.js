// [data-search]: the list narrows while a person types; Escape empties the search. `notes` knows
// cards whose note has the words, and calls the answered function when it learns of more.
import { announce } from "../lib/announce.js";
import { fill, matches } from "../lib/codes.js";

const QUIET_MS = 700;

export function bindSearchFilter(list, cards, { onEnter, notes }) {
  const input = document.querySelector("[data-search]");
  const nothing = document.querySelector("[data-nothing-found]");
  if (!input) return () => {};
  let timer = 0;

  function filter() {
    const query = input.value.trim();
    notes.search(query);
    let count = 0;
    for (const card of cards) {
      const found = matches(card.words, query) || notes.has(card);
      card.element.hidden = !found;
      if (found) count += 1;
    }
    if (nothing) nothing.hidden = count > 0;
    clearTimeout(timer);
    if (query !== "") timer = setTimeout(() => say(count), QUIET_MS);
  }

  function say(count) {
    const words = count === 1 ? list.dataset.textFoundOne : list.dataset.textFound;
    announce(fill(words, count));
  }

  input.addEventListener("input", filter);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") return;
    event.preventDefault();
    if (input.value === "") input.blur();
    input.value = "";
    filter();
  });
  input.form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input.value.trim() !== "") onEnter();
  });
  // The browser may have brought back what was typed before a reload.
  if (input.value !== "") filter();
  return filter;
}
