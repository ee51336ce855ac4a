// [data-focus]: what went wrong is read out first, and the place the keyboard starts from.
export function bindFocusFirst() {
  document.querySelector("[data-focus]")?.focus();
}
