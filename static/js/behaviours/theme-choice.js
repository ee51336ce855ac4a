// [data-theme-choice="auto|light|dark"]: choose the theme of this browser.
const KEY = "authnode-theme";

function show(theme) {
  document.documentElement.dataset.theme = theme;
  for (const button of document.querySelectorAll("[data-theme-choice]")) {
    button.setAttribute("aria-pressed", String(button.dataset.themeChoice === theme));
  }
}

function keep(theme) {
  try {
    if (theme === "auto") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, theme);
  } catch {
    // Without storage the choice lasts for this page.
  }
}

export function bindThemeChoice() {
  show(document.documentElement.dataset.theme);
  document.addEventListener("click", (event) => {
    const theme = event.target.closest?.("[data-theme-choice]")?.dataset.themeChoice;
    if (!theme) return;
    keep(theme);
    show(theme);
  });
  // Another tab chose.
  window.addEventListener("storage", (event) => {
    if (event.key === KEY) show(event.newValue ?? "auto");
  });
}
