// Asks how far the making of a file is, and loads the page again once that is no longer the question.
import { get } from "../lib/api.js";

const EVERY_MS = 1000;
const panel = document.querySelector("[data-export-state]");
const IN_THE_MAKING = ["waiting", "running"];

async function look() {
  try {
    const { state, done, total } = await get(panel.dataset.stateUrl, { background: true });
    if (!IN_THE_MAKING.includes(state)) {
      location.reload();
      return;
    }
    if (total > 0) show(done, total);
  } catch {
    // No answer this time; the next one may come.
  }
  setTimeout(look, EVERY_MS);
}

function show(done, total) {
  const words = panel.querySelector("[data-export-words]");
  words.textContent = words.dataset.text.replace("%d", done).replace("%t", total);
  const bar = panel.querySelector("[data-export-bar]");
  bar.max = total;
  bar.value = done;
}

if (panel !== null && IN_THE_MAKING.includes(panel.dataset.exportState)) look();
