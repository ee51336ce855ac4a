// Encrypting what the server can read, moving to a newer key, filling the index.
import { RequestRefused } from "../lib/api.js";
import { fill } from "../lib/codes.js";
import { encryptReadable, indexMissing, rekeyOlder } from "../lib/note-work.js";
import { noteWords, wordForFailure } from "../lib/note-words.js";
import { fetchState } from "../lib/note-state.js";
import { openVaultKeys } from "../lib/open-vault.js";

const KINDS = {
  migration: { run: encryptReadable, left: ({ readable }) => readable },
  rekey: {
    run: rekeyOlder,
    left: (state) =>
      Object.entries(state.by_key)
        .filter(([key]) => key !== state.vault_key_id)
        .reduce((sum, [, count]) => sum + count, 0),
  },
  index: { run: indexMissing, left: ({ unindexed }) => unindexed },
};
const words = noteWords();

function bind(panel) {
  const { run, left } = KINDS[panel.dataset.work];
  const [start, stop] = ["start", "stop"].map((name) => panel.querySelector(`[data-work-${name}]`));
  const bar = panel.querySelector("progress");
  const text = panel.querySelector("[data-work-text]");
  let stopping = null;

  function say(sentence) {
    panel.querySelector("[data-work-progress]").hidden = false;
    text.textContent = sentence;
  }

  function toggle(isBusy) {
    start.disabled = isBusy;
    stop.hidden = !isBusy;
  }

  async function work() {
    const keys = await openVaultKeys();
    if (keys === null) {
      say(words.openFirst);
      document.dispatchEvent(new CustomEvent("notes:ask-to-open"));
      return;
    }
    const state = await fetchState();
    const total = left(state);
    bar.max = Math.max(1, total);
    const isIndexed = state.place === "index";
    const onStep = ({ done }) => {
      bar.value = done;
      say(fill(words.stepsDone, done).replace("%t", total));
    };
    onStep({ done: 0 });
    const count = await run({ keys, isIndexed, signal: stopping.signal, onStep });
    // What the page counts is another number now.
    if (count.left === 0) location.reload();
    else say(fill(words.stepsLeft, count.left));
  }

  start.addEventListener("click", async () => {
    stopping = new AbortController();
    toggle(true);
    try {
      await work();
    } catch (error) {
      if (error.name === "AbortError") say(words.stopped);
      else say(words[wordForFailure(error)]);
      if (!(error instanceof RequestRefused)) console.warn("notes:", error.name);
    } finally {
      toggle(false);
    }
  });
  stop.addEventListener("click", () => stopping.abort());
}

for (const panel of document.querySelectorAll("[data-work]")) bind(panel);

const index = document.querySelector("[data-work=index]");
if (index !== null) {
  const { unindexed } = await fetchState();
  index.querySelector("[data-work-none]").hidden = unindexed > 0;
  index.querySelector("[data-work-start]").hidden = unindexed === 0;
}
