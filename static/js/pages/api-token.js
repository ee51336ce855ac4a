// The page that shows a new API token once.
import { announce } from "../lib/announce.js";

const page = document.querySelector("[data-token-page]");
if (page) bind(page.querySelector("[data-token]"), page.querySelector("[data-copy-token]"));

function bind(shown, button) {
  const token = shown.textContent;
  const words = button.querySelector("span");
  // Back must not show it again, not even from the browser's memory of the page.
  window.addEventListener("pagehide", () => shown.replaceChildren());
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(token);
    } catch {
      getSelection().selectAllChildren(shown);
      return;
    }
    words.textContent = button.dataset.done;
    announce(button.dataset.done);
  });
}
