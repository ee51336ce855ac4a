// form[data-selection]: how many codes are ticked, and a button that ticks all that are in sight.
import { fill } from "../lib/codes.js";

export function bindSelection(list, cards) {
  const form = document.querySelector("[data-selection]");
  if (!form) return;
  const boxes = cards.map((card) => ({ card, box: card.element.querySelector("[data-choose]") }));
  const count = form.querySelector("[data-selection-count]");
  const deeds = form.querySelectorAll("button[name=deed]");

  function show() {
    const chosen = boxes.filter(({ box }) => box.checked).length;
    count.textContent = fill(form.dataset.textCount, chosen);
    for (const deed of deeds) deed.disabled = chosen === 0;
  }

  // All when some are not ticked yet; none when all are.
  form.querySelector("[data-choose-all]").addEventListener("click", () => {
    const inSight = boxes.filter(({ card }) => !card.isHidden);
    const wanted = inSight.some(({ box }) => !box.checked);
    for (const { box } of inSight) box.checked = wanted;
    show();
  });
  // A deed never reaches what a search has hidden since it was ticked.
  form.addEventListener("submit", () => {
    for (const { card, box } of boxes) if (card.isHidden) box.checked = false;
  });
  list.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}
