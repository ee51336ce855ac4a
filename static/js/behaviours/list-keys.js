// "/" goes to the search, "n" adds, arrows walk through the codes; Enter on a code copies it.
import { step } from "../lib/codes.js";

const TYPING = "input, textarea, select, [contenteditable]";

export function bindListKeys(list, cards) {
  const search = document.querySelector("[data-search]");

  function shown() {
    return cards.filter((card) => !card.isHidden && card.button && !card.button.hidden);
  }

  function columns(buttons) {
    const top = buttons[0].element.offsetTop;
    return buttons.filter((card) => card.element.offsetTop === top).length;
  }

  function walk(event) {
    const buttons = shown();
    if (buttons.length === 0) return;
    const place = buttons.findIndex((card) => card.element.contains(document.activeElement));
    const key = mirrored(event.key);
    const target = place < 0 ? 0 : step(key, place, { count: buttons.length, columns: columns(buttons) });
    if (target === null) return;
    event.preventDefault();
    buttons[target].button.focus();
    buttons[target].element.scrollIntoView({ block: "nearest" });
  }

  function onKey(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
    if (document.querySelector("dialog[open]")) return;
    const isInList = list.contains(event.target) || event.target === document.body;
    if (event.target === search && event.key === "ArrowDown") walk(event);
    else if (event.target.closest?.(TYPING)) return;
    else if (event.key === "/" && search) goToSearch(event, search);
    else if (event.key === "n") add(event);
    else if (isInList && (event.key.startsWith("Arrow") || isEnd(event, list))) walk(event);
    else if (event.key === "Escape" && list.contains(document.activeElement)) document.activeElement.blur();
  }

  document.addEventListener("keydown", onKey);
}

function isEnd(event, list) {
  return (event.key === "Home" || event.key === "End") && list.contains(event.target);
}

function mirrored(key) {
  if (document.dir !== "rtl") return key;
  return { ArrowLeft: "ArrowRight", ArrowRight: "ArrowLeft" }[key] ?? key;
}

function goToSearch(event, search) {
  event.preventDefault();
  search.focus();
  search.select();
}

function add(event) {
  const link = document.querySelector("[data-add]");
  if (!link) return;
  event.preventDefault();
  location.assign(link.href);
}
