// [data-drawer]: the sidebar as a drawer on small screens; [data-drawer-open] opens it, [data-drawer-close] closes it.
const OUTSIDE = "body > :not([data-drawer], .sidebar-scrim, dialog, script)";

export function bindDrawer() {
  const drawer = document.querySelector("[data-drawer]");
  const opener = document.querySelector("[data-drawer-open]");
  if (!drawer || !opener) return;
  const scrim = document.createElement("div");
  scrim.className = "sidebar-scrim";
  scrim.hidden = true;
  drawer.before(scrim);

  // A link to the navigation without scripts, a button with them.
  opener.setAttribute("role", "button");
  opener.setAttribute("aria-expanded", "false");
  opener.setAttribute("aria-controls", drawer.id);

  function set(open) {
    drawer.toggleAttribute("data-open", open);
    opener.setAttribute("aria-expanded", String(open));
    scrim.hidden = !open;
    for (const part of document.querySelectorAll(OUTSIDE)) part.inert = open;
    if (open) drawer.querySelector("[data-drawer-close]").focus();
    else opener.focus();
  }

  opener.addEventListener("click", (event) => {
    event.preventDefault();
    set(true);
  });
  opener.addEventListener("keydown", (event) => {
    if (event.key !== " ") return;
    event.preventDefault();
    set(true);
  });
  scrim.addEventListener("click", () => set(false));
  drawer.addEventListener("click", (event) => {
    if (event.target.closest("[data-drawer-close]")) set(false);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && drawer.hasAttribute("data-open")) set(false);
  });
  // Turned or widened, the drawer is a plain sidebar again.
  window.matchMedia("(width >= 60rem)").addEventListener("change", () => {
    if (drawer.hasAttribute("data-open")) set(false);
  });
}
