// [data-grip]: put the items of a list in one's own order, by pointer or finger, or with the arrow keys.
// An item has data-<kind> with its id, and a [data-title]; the list says in data-moves where to post.
import { announce } from "../lib/announce.js";
import { ApiRefusal, post } from "../lib/api.js";
import { fill } from "../lib/codes.js";

const STEPS = { ArrowUp: -1, ArrowLeft: -1, ArrowDown: 1, ArrowRight: 1 };
const EDGE = 60;
const SCROLL_STEP = 12;

export function bindDragOrder(list, { kind = "entry", onMoved = () => {} } = {}) {
  if (!list?.querySelector("[data-grip]")) return;
  const items = `[data-${kind}]`;

  async function keep(card) {
    const before = sibling(card, "nextElementSibling");
    const after = sibling(card, "previousElementSibling");
    if (!before && !after) return;
    const body = before ? { before: before.dataset[kind] } : { after: after.dataset[kind] };
    onMoved();
    try {
      const { place } = await post(`${list.dataset.moves}${card.dataset[kind]}/move/`, body);
      const title = card.querySelector("[data-title]").textContent;
      announce(`${fill(list.dataset.textMoved, title)} ${place}`);
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      announce(list.dataset.textMoveFailed);
    }
  }

  list.addEventListener("pointerdown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.button !== 0) return;
    drag(grip, event, { items, keep });
  });
  list.addEventListener("keydown", (event) => {
    const grip = event.target.closest("[data-grip]");
    if (!grip || event.altKey || event.ctrlKey || event.metaKey) return;
    const card = grip.closest(items);
    if (!shift(card, event.key)) return;
    event.preventDefault();
    event.stopPropagation();
    grip.focus();
    keep(card);
  });
}

function drag(grip, start, { items, keep }) {
  const card = grip.closest(items);
  let moved = false;
  grip.setPointerCapture(start.pointerId);
  card.dataset.dragged = "";

  function move(event) {
    scrollAtEdge(event.clientY);
    const other = document.elementFromPoint(event.clientX, event.clientY)?.closest(items);
    if (!other || other === card || other.parentElement !== card.parentElement) return;
    const isLater = card.compareDocumentPosition(other) & Node.DOCUMENT_POSITION_FOLLOWING;
    if (isLater) other.after(card);
    else other.before(card);
    moved = true;
    // Moving the element in the page lets go of the pointer.
    grip.setPointerCapture(event.pointerId);
  }

  function end() {
    delete card.dataset.dragged;
    for (const [kind, listener] of listeners) grip.removeEventListener(kind, listener);
    if (moved) keep(card);
  }

  const listeners = [["pointermove", move], ["pointerup", end], ["pointercancel", end]];
  for (const [kind, listener] of listeners) grip.addEventListener(kind, listener);
}

function shift(card, key) {
  const list = card.parentElement;
  if (key === "Home") list.prepend(card);
  else if (key === "End") list.append(card);
  else if (STEPS[key] === -1) sibling(card, "previousElementSibling")?.before(card);
  else if (STEPS[key] === 1) sibling(card, "nextElementSibling")?.after(card);
  else return false;
  card.scrollIntoView({ block: "nearest" });
  return true;
}

/* The next card that is shown: a search may have hidden some. */
function sibling(card, way) {
  let other = card[way];
  while (other?.hidden) other = other[way];
  return other;
}

function scrollAtEdge(y) {
  if (y < EDGE) scrollBy(0, -SCROLL_STEP);
  else if (y > innerHeight - EDGE) scrollBy(0, SCROLL_STEP);
}
