/* Follows a backup or a restore on the administration's pages, and shows the page anew at its end. */
import { get, RequestRefused, SignInNeeded } from "../lib/api.js";

const EVERY_MS = 1000;
const box = document.querySelector("[data-progress]");
const words = box.querySelector("[data-progress-words]");
const bar = box.querySelector("[data-progress-bar]");

function show(found) {
  if (words.textContent !== found.state) words.textContent = found.state;
  bar.value = found.percent;
}

async function follow() {
  try {
    const found = await get(box.dataset.progress, { background: true });
    // After a restore every session has ended: the page asks for a sign-in.
    if (found === null || found.has_ended) {
      location.reload();
      return;
    }
    show(found);
  } catch (error) {
    if (error instanceof SignInNeeded || error instanceof RequestRefused) {
      location.reload();
      return;
    }
    // While a restore writes, the site answers nobody; it will be back.
  }
  setTimeout(follow, EVERY_MS);
}

setTimeout(follow, EVERY_MS);
