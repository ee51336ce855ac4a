// "?" shows the keys, unless a person is typing or a window is open.
import { openDialog } from "./dialog.js";

const TYPING = "input, textarea, select, [contenteditable]";

export function bindKeysHelp() {
  document.addEventListener("keydown", (event) => {
    if (event.key !== "?" || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest?.(TYPING) || document.querySelector("dialog[open]")) return;
    event.preventDefault();
    openDialog("keys-help");
  });
}
