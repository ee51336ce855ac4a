/* The search box finds words of notes too: cards whose note has them all stay in the list. */

import { make } from "../lib/elements.js";
import { noteWords } from "../lib/note-words.js";
import { onNotesChange } from "../lib/open-notes.js";

const QUIET_MS = 250;

/* Answers {has(card), search(query)} for the filter of the list; `refilter` shows what came late. */
export function bindNotesSearch(list, cards, { refilter }) {
  const hint = document.querySelector("[data-notes-hint]");
  let searching = null;
  let hits = new Map();
  let last = "";
  let timer = 0;
  let turn = 0;

  function show(found, sentence) {
    hits = found;
    for (const card of cards) mark(card.element, hits.get(card.id) ?? null);
    if (hint) {
      hint.hidden = sentence === null;
      hint.querySelector("[data-notes-hint-text]").textContent = sentence ?? "";
    }
    refilter();
  }

  // What opens notes comes with the first search: most visits want a code and no note.
  async function searcher() {
    const { NoteSearch } = await import("../lib/note-search.js");
    searching ??= new NoteSearch();
    return searching;
  }

  async function find(query) {
    const mine = ++turn;
    try {
      const { state, hits: found } = await (await searcher()).find(query);
      // Somebody has typed on meanwhile.
      if (mine !== turn) return;
      show(found, state === "locked" ? noteWords().searchLocked : null);
    } catch (error) {
      if (mine !== turn) return;
      console.warn("searching notes:", error?.name);
      show(new Map(), noteWords().searchFailed);
    }
  }

  onNotesChange(() => {
    searching?.forget();
    if (last !== "") find(last);
  });
  document.addEventListener("authnode:lock", () => searching?.forget());
  hint?.querySelector("button").addEventListener("click", () => {
    document.dispatchEvent(new CustomEvent("notes:ask-to-open"));
  });

  return {
    has: (card) => hits.has(card.id),
    search(query) {
      if (query === last) return;
      last = query;
      turn += 1;
      clearTimeout(timer);
      if (hits.size > 0 || query === "") show(new Map(), null);
      if (query !== "") timer = setTimeout(() => find(query), QUIET_MS);
    },
  };
}

function mark(card, hit) {
  card.querySelector(".code-card-note")?.remove();
  if (hit === null) return;
  const line = make("p", { class: "code-card-note" }, `${noteWords().inNote} `);
  let from = 0;
  for (const [start, end] of hit.ranges) {
    line.append(hit.text.slice(from, start), make("mark", {}, hit.text.slice(start, end)));
    from = end;
  }
  line.append(hit.text.slice(from));
  card.append(line);
}
