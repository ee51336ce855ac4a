// A click, tap or Enter copies a code; the clipboard is emptied again after a while.
import { post } from "../lib/api.js";
import { announce } from "../lib/announce.js";
import { putForAWhile } from "../lib/clipboard.js";
import { fill, secondsLeft } from "../lib/codes.js";

const SHOWN_MS = 2_500;
// Shorter than it takes to paste it where it is wanted.
const SOON_SECONDS = 8;

export function bindCopyCode(list, cards, clock) {
  const byButton = new Map(cards.map((card) => [card.button, card]));

  async function copy(card) {
    const { code } = card;
    if (!code) return;
    try {
      await putForAWhile(code, Number(list.dataset.clipboardSeconds));
    } catch {
      select(card.codeBox);
      announce(fill(list.dataset.textRefused, card.title));
      return;
    }
    show(card.element);
    announce(`${fill(list.dataset.textCopied, card.title)} ${soon(card)}`.trim());
    // Only the order by last use hangs on this.
    post(`${list.dataset.entries}${card.id}/used/`, {}).catch(() => {});
  }

  // The time is said when it is short, and not each second.
  function soon(card) {
    if (!card.state) return "";
    const seconds = secondsLeft(card.state.until, clock.now());
    return seconds <= SOON_SECONDS ? fill(list.dataset.textSoon, seconds) : "";
  }

  list.addEventListener("click", (event) => {
    const card = byButton.get(event.target.closest("[data-copy]"));
    if (card) copy(card);
  });
  return copy;
}

function show(element) {
  element.dataset.copied = "";
  setTimeout(() => delete element.dataset.copied, SHOWN_MS);
}

function select(box) {
  getSelection().selectAllChildren(box);
}
