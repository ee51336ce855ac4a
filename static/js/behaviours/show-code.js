// [data-show]: where codes are hidden until they are asked for, one is shown for a while.
export function bindShowCode(list, cards) {
  if (!("hiding" in list.dataset)) return;
  const seconds = Number(list.dataset.revealSeconds);
  const byElement = new Map(cards.map((card) => [card.element, card]));
  const timers = new Map();

  function hide(card) {
    clearTimeout(timers.get(card));
    timers.delete(card);
    card.show(false);
    label(card, false);
  }

  function show(card) {
    if (!card.code) return;
    clearTimeout(timers.get(card));
    timers.set(card, setTimeout(() => hide(card), seconds * 1000));
    card.show(true);
    label(card, true);
  }

  function label(card, isShown) {
    card.element.querySelector("[data-show]")?.setAttribute("aria-pressed", String(isShown));
  }

  function toggle(element) {
    const card = byElement.get(element);
    if (!card) return;
    if (timers.has(card)) hide(card);
    else show(card);
  }

  list.addEventListener("click", (event) => {
    const button = event.target.closest("[data-show]");
    if (button) toggle(button.closest("[data-entry]"));
  });
  // A code of a counter was asked for; it goes as the others do.
  list.addEventListener("countercode", (event) => show(byElement.get(event.target)));
  document.addEventListener("keydown", (event) => {
    const element = document.activeElement?.closest("[data-entry]");
    if (event.key !== "s" || !element || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    toggle(element);
  });
  // Nobody looks at a page in the background, and somebody else may bring it back.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) for (const card of [...timers.keys()]) hide(card);
  });
}
