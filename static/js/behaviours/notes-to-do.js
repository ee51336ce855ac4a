/* [data-notes-to-do]: says that notes are readable by the server, or closed with an earlier key. */

import { fetchState } from "../lib/note-state.js";

export async function bindNotesToDo() {
  const place = document.querySelector("[data-notes-to-do]");
  if (place === null) return;
  try {
    const state = await fetchState();
    const isOlder = Object.keys(state.by_key).some((key) => key !== state.vault_key_id);
    place.querySelector("[data-notes-readable]").hidden = state.readable === 0;
    place.querySelector("[data-notes-older]").hidden = !isOlder;
    place.hidden = state.readable === 0 && !isOlder;
  } catch (error) {
    console.warn("notes:", error?.name);
  }
}
