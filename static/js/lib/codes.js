/*
 * Arithmetic of a list of codes, without page or network. Moments are milliseconds of the
 * server's clock, so that a wrong clock on the device changes nothing.
 */

const GROUPS = {
  threes: { 6: [3, 3], 7: [3, 4], 8: [4, 4], 9: [3, 3, 3], 10: [5, 5] },
  pairs: { 6: [2, 2, 2], 7: [2, 2, 3], 8: [2, 2, 2, 2], 9: [2, 2, 2, 3], 10: [2, 2, 2, 2, 2] },
  plain: {},
};
const LARGEST_UNSEEN_ERROR_MS = 5_000;

/* A code in the groups its reader chose: "threes", "pairs" or "plain". */
export function group(code, grouping = "threes") {
  const sizes = GROUPS[grouping]?.[code.length] ?? [code.length];
  const parts = [];
  let start = 0;
  for (const size of sizes) {
    parts.push(code.slice(start, start + size));
    start += size;
  }
  return parts;
}

/*
 * What to show of `{ code, next, until, period }` at a moment: itself, or the next code once the
 * first has ended, or itself marked stale when the next has ended too or is not known.
 */
export function current(state, now) {
  if (now < state.until) return { ...state, stale: false };
  const end = state.until + state.period;
  if (state.next === "" || now >= end) return { ...state, stale: true };
  return { code: state.next, next: "", until: end, period: state.period, stale: false };
}

export function secondsLeft(until, now) {
  return Math.max(0, Math.ceil((until - now) / 1000));
}

/* How much of the ring is gone, from 0 to 100. */
export function ringOffset(until, period, now) {
  const left = Math.min(1, Math.max(0, (until - now) / period));
  return Math.round((1 - left) * 100);
}

/* The end of the running period; null where nothing has a period. */
export function nextBoundary(periods, now) {
  const shortest = Math.min(...periods);
  return Number.isFinite(shortest) ? (Math.floor(now / shortest) + 1) * shortest : null;
}

/* Seconds the device is ahead (below 0: behind), or 0 when that may come from a slow answer. */
export function clockError({ device, server, uncertainty }) {
  const error = device - server;
  return Math.abs(error) - uncertainty > LARGEST_UNSEEN_ERROR_MS ? Math.round(error / 1000) : 0;
}

/* Lower case without accents, as the server writes the words of a card. */
export function plain(text) {
  return text.normalize("NFKD").toLowerCase().replaceAll("ß", "ss").replace(/\p{M}/gu, "");
}

/* Does a card with these words hold every word of the query? */
export function matches(words, query) {
  return plain(query).split(/\s+/).every((word) => words.includes(word));
}

/* Where a key leads among `count` cards in `columns`; null for keys that lead nowhere. */
export function step(key, place, { count, columns }) {
  const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns };
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (!(key in steps)) return null;
  const target = place + steps[key];
  if (target < 0) return place;
  if (target < count) return target;
  // Below the last whole row there may be a shorter one.
  const rowOf = (index) => Math.floor(index / columns);
  return key === "ArrowDown" && rowOf(place) < rowOf(count - 1) ? count - 1 : place;
}

export function fill(sentence, word) {
  return sentence.replace("%s", () => word);
}
