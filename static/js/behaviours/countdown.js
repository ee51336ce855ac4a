// The seconds and the ring of each code, once a second, for the cards in sight.
import { ringOffset, secondsLeft } from "../lib/codes.js";

const ENDING_SECONDS = 5;

export function bindCountdown(cards, clock, { onTick, onTurn }) {
  const timed = cards.filter((card) => card.state);
  const byElement = new Map(timed.map((card) => [card.element, card]));
  const inSight = new Set();
  let timer = 0;

  function draw(card, now) {
    const { until, period } = card.state;
    const seconds = secondsLeft(until, now);
    card.seconds.textContent = seconds;
    card.ring.setAttribute("stroke-dashoffset", ringOffset(until, period, now));
    card.countdown.toggleAttribute("data-ending", seconds <= ENDING_SECONDS);
  }

  function tick() {
    clearTimeout(timer);
    if (document.hidden) return;
    const now = clock.now();
    const before = byElement.get(document.activeElement?.closest("[data-entry]"));
    const code = before?.code;
    const stale = timed.filter((card) => card.roll(now));
    // Somebody is at this very code, and may be listening to it.
    if (before && before.code !== code) onTurn(before);
    for (const card of inSight) draw(card, now);
    onTick(stale.length > 0);
    // Just after the server's full second, when the numbers change.
    timer = setTimeout(tick, 1000 - (now % 1000) + 5);
  }

  const observer = new IntersectionObserver((changes) => {
    for (const change of changes) {
      const card = byElement.get(change.target);
      if (!change.isIntersecting) inSight.delete(card);
      else {
        inSight.add(card);
        draw(card, clock.now());
      }
    }
  });
  for (const card of timed) observer.observe(card.element);
  document.addEventListener("visibilitychange", tick);
  tick();
  return tick;
}
