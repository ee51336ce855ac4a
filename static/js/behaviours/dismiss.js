// [data-dismiss]: take the notice around it away and leave the focus at a sensible place.
export function bindDismiss() {
  document.addEventListener("click", (event) => {
    const notice = event.target.closest?.("[data-dismiss]")?.closest(".notice");
    if (!notice) return;
    const next = notice.nextElementSibling?.querySelector("[data-dismiss]") ?? document.querySelector("main");
    notice.remove();
    next?.focus();
  });
}
