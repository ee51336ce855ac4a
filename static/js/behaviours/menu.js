// <details data-menu>: one open at a time; closes on a click elsewhere, on Escape and when focus leaves.
const ITEMS = "a[href], button:not([disabled])";

function close(menu, { focus = false } = {}) {
  menu.open = false;
  if (focus) menu.querySelector("summary").focus();
}

function move(menu, step) {
  const items = [...menu.querySelectorAll(ITEMS)].filter((item) => item.checkVisibility?.() ?? true);
  const at = items.indexOf(document.activeElement);
  items.at(at < 0 && step < 0 ? -1 : (at + step) % items.length)?.focus();
}

function openMenu(target) {
  return target.closest?.("[data-menu][open]") ?? null;
}

export function bindMenus() {
  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      const chosen = event.target.closest?.("[data-menu] .menu-item");
      if (!menu.contains(event.target) || chosen) close(menu);
    }
  });
  document.addEventListener("focusin", (event) => {
    for (const menu of document.querySelectorAll("[data-menu][open]")) {
      if (!menu.contains(event.target)) close(menu);
    }
  });
  document.addEventListener("keydown", (event) => {
    const menu = openMenu(event.target);
    if (!menu) return;
    if (event.key === "Escape") close(menu, { focus: true });
    else if (event.key === "ArrowDown") move(menu, 1);
    else if (event.key === "ArrowUp") move(menu, -1);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
}
