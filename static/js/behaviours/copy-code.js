// A click, tap or Enter copies a code; the clipboard is emptied again after half a minute.
import { post } from "../lib/api.js";
import { announce } from "../lib/announce.js";
import { fill } from "../lib/codes.js";

const CLEAR_AFTER_MS = 30_000;
const SHOWN_MS = 2_500;

export function bindCopyCode(list, cards) {
  const byButton = new Map(cards.map((card) => [card.button, card]));
  const clearer = clipboardClearer();

  async function copy(card) {
    const { code } = card;
    if (!code) return;
    try {
      await navigator.clipboard.writeText(code);
    } catch {
      select(card.codeBox);
      announce(fill(list.dataset.textRefused, card.title));
      return;
    }
    clearer.start(code);
    show(card.element);
    announce(fill(list.dataset.textCopied, card.title));
    // Only the order by last use hangs on this.
    post(`${list.dataset.entries}${card.id}/used/`, {}).catch(() => {});
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

function clipboardClearer() {
  let timer = 0;
  let held = "";

  async function clear() {
    if (held === "" || (await isOthers(held))) {
      held = "";
      return;
    }
    try {
      await navigator.clipboard.writeText("");
      held = "";
    } catch {
      // Browsers only allow it to a page in front, some only right after a key or a click.
    }
  }

  function start(code) {
    held = code;
    clearTimeout(timer);
    timer = setTimeout(() => {
      timer = 0;
      clear();
    }, CLEAR_AFTER_MS);
  }

  function later() {
    if (held !== "" && timer === 0) clear();
  }

  window.addEventListener("focus", later);
  document.addEventListener("pointerdown", later);
  document.addEventListener("keydown", later);
  // Something else of this page was copied since: that is not ours to clear.
  document.addEventListener("copy", () => {
    held = "";
  });
  return { start };
}

/* Where the browser lets a page read the clipboard, something else in it is left alone. */
async function isOthers(code) {
  try {
    const permission = await navigator.permissions.query({ name: "clipboard-read" });
    if (permission.state !== "granted") return false;
    return (await navigator.clipboard.readText()) !== code;
  } catch {
    return false;
  }
}
