// A classic script that blocks the first paint, so that the chosen theme never flashes.
(() => {
  const root = document.documentElement;
  root.dataset.js = "";
  try {
    const theme = localStorage.getItem("authnode-theme");
    if (theme === "light" || theme === "dark") root.dataset.theme = theme;
    const contrast = localStorage.getItem("authnode-contrast");
    if (contrast === "more") root.dataset.contrast = contrast;
    const text = localStorage.getItem("authnode-text");
    if (text === "large" || text === "larger") root.dataset.text = text;
  } catch {
    // Storage may be closed to this page; the theme then follows the device.
  }
})();
