// [data-look="contrast|text"]: more contrast or larger text in this browser.
const KEYS = { contrast: "authnode-contrast", text: "authnode-text" };
const AUTO = "auto";

function show(look, value) {
  if (value === AUTO) delete document.documentElement.dataset[look];
  else document.documentElement.dataset[look] = value;
  for (const button of document.querySelectorAll(`[data-look="${look}"]`)) {
    button.setAttribute("aria-pressed", String(button.dataset.lookValue === value));
  }
}

function keep(look, value) {
  try {
    if (value === AUTO) localStorage.removeItem(KEYS[look]);
    else localStorage.setItem(KEYS[look], value);
  } catch {
    // Without storage the choice lasts for this page.
  }
}

export function bindLookChoice() {
  for (const look of Object.keys(KEYS)) show(look, document.documentElement.dataset[look] ?? AUTO);
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-look]");
    if (!button) return;
    keep(button.dataset.look, button.dataset.lookValue);
    show(button.dataset.look, button.dataset.lookValue);
  });
  // Another tab chose.
  window.addEventListener("storage", (event) => {
    const look = Object.keys(KEYS).find((name) => KEYS[name] === event.key);
    if (look) show(look, event.newValue ?? AUTO);
  });
}
