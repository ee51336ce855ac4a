// One request brings all codes, once per shortest period, while the tab is looked at.
import { get, SignInNeeded } from "../lib/api.js";
import { fill, nextBoundary } from "../lib/codes.js";
import { askSession } from "../lib/session-channel.js";

const RETRY_MS = 4_000;
const LONGEST_RETRY_MS = 10_000;
const SPREAD_MS = 900;
const WATCH_MS = 2_000;
const SLEPT_MS = 3_000;

export function bindCodesRefresh(list, cards, clock, { onRefresh }) {
  const timed = cards.filter((card) => card.state);
  const staleNotice = document.querySelector("[data-stale-notice]");
  let timer = 0;
  let failures = 0;
  let isRunning = false;
  let isStale = false;

  function schedule() {
    clearTimeout(timer);
    if (document.hidden || timed.length === 0) return;
    timer = setTimeout(refresh, failures > 0 ? retryIn() : boundaryIn());
  }

  function retryIn() {
    return Math.min(LONGEST_RETRY_MS, RETRY_MS * 2 ** (failures - 1));
  }

  // The next codes are in the page already, so nobody waits for this; all browsers at once would.
  function boundaryIn() {
    const now = clock.now();
    const boundary = nextBoundary(timed.map((card) => card.state.period), now);
    return boundary - now + 100 + Math.random() * SPREAD_MS;
  }

  async function refresh() {
    if (isRunning || timed.length === 0) return;
    isRunning = true;
    try {
      const sent = performance.now();
      const answer = await get(list.dataset.codes, { background: true });
      if (answer) take(answer, sent);
      failures = 0;
    } catch (error) {
      if (error instanceof SignInNeeded) askSession();
      failures += 1;
    } finally {
      isRunning = false;
      list.hidden = false;
    }
    showStale();
    onRefresh();
    schedule();
  }

  function take(answer, sent) {
    clock.set({ server: answer.now, sent, received: performance.now() });
    for (const card of timed) {
      const found = answer.codes[card.id];
      if (!found) continue;
      const [code, next, until, period] = found;
      card.set({ code, next, until, period });
    }
    showClock();
  }

  function showStale(stale = isStale) {
    isStale = stale;
    if (staleNotice) staleNotice.hidden = !(failures > 1 || (failures > 0 && isStale));
  }

  function showClock() {
    const notice = document.querySelector("[data-clock-notice]");
    if (!notice) return;
    const { error } = clock;
    const words = error > 0 ? notice.dataset.textAhead : notice.dataset.textBehind;
    notice.querySelector("[data-clock-text]").textContent = fill(words, Math.abs(error));
    notice.hidden = error === 0;
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) clearTimeout(timer);
    else refresh();
  });
  window.addEventListener("online", refresh);
  onWaking(refresh);
  // Brought back by the Back button as it was left: shown only once the server agrees.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    list.hidden = true;
    refresh();
  });
  showClock();
  schedule();
  return { showStale };
}

/* The steady clock may stand still while a computer sleeps; the two clocks then drift apart. */
function onWaking(wake) {
  const apart = () => Date.now() - performance.now();
  let before = apart();
  setInterval(() => {
    const now = apart();
    if (Math.abs(now - before) > SLEPT_MS) wake();
    before = now;
  }, WATCH_MS);
}
