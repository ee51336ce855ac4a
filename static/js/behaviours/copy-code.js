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
    clearer.stop();
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

/*
 * Empties the clipboard half a minute after a code went in. Without the right to read it a browser
 * allows that only right after a key or a click, so the next one on this page does it at the latest.
 */
function clipboardClearer() {
  let timer = 0;
  let held = "";

  async function clear() {
    const code = held;
    if (await isOthers(code)) return stop();
    // The click that led here may be copying another code by now.
    if (held === "" || held !== code) return;
    try {
      await navigator.clipboard.writeText("");
      if (held === code) held = "";
    } catch {
      // Not now: the page is not in front, or nobody has touched it.
    }
  }

  function stop() {
    held = "";
    clearTimeout(timer);
    timer = 0;
  }

  function start(code) {
    held = code;
    timer = setTimeout(() => {
      timer = 0;
      clear();
    }, CLEAR_AFTER_MS);
  }

  function later() {
    if (held !== "" && timer === 0) clear();
  }

  for (const kind of ["focus", "pointerup", "keyup"]) window.addEventListener(kind, later);
  // Something else of this page was copied since: that is not ours to clear.
  document.addEventListener("copy", stop);
  return { start, stop };
}

/* Where the browser lets this page read the clipboard, something else in it is left alone. */
async function isOthers(code) {
  try {
    const permission = await navigator.permissions.query({ name: "clipboard-read" });
    if (permission.state !== "granted") return false;
    return (await navigator.clipboard.readText()) !== code;
  } catch {
    return false;
  }
}
