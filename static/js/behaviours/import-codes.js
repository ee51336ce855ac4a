// [data-import-codes]: the codes of a preview stay those of the moment while it is looked at.
import { get } from "../lib/api.js";

const RETRY_MS = 5_000;
const SPREAD_MS = 900;

export function bindImportCodes() {
  const table = document.querySelector("[data-import-codes]");
  if (!table) return;
  const places = [...table.querySelectorAll("[data-code]")];
  let timer = 0;

  async function refresh() {
    clearTimeout(timer);
    if (document.hidden) return;
    try {
      const { codes, seconds } = await get(table.dataset.importCodes, { background: true });
      for (const place of places) show(place, codes[Number(place.dataset.code)] ?? []);
      if (seconds !== null) timer = setTimeout(refresh, seconds * 1000 + Math.random() * SPREAD_MS);
    } catch {
      // The preview has a time of its own: its next step says when that is over.
      timer = setTimeout(refresh, RETRY_MS);
    }
  }

  document.addEventListener("visibilitychange", refresh);
  refresh();
}

function show(place, groups) {
  if (groups.length === 0) return;
  place.replaceChildren(...groups.map((digits) => {
    const part = document.createElement("span");
    part.textContent = digits;
    return part;
  }));
}
