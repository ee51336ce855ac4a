/*
 * How long the session still lives, as the server said last. The steady clock may stand still
 * while a computer sleeps, and the other one may be set back: the one that has gone further counts.
 */

export const LIVE = "live";
export const WARNING = "warning";
export const OVER = "over";

export class SessionClock {
  #deadline = null;
  #lead = 0;
  #heard = null;
  isFinal = false;

  /* `remaining` and `lead` in milliseconds, at the moment `now` of `moment()`. */
  set({ remaining, lead, final = false }, now) {
    this.#deadline = { steady: now.steady + remaining, wall: now.wall + remaining };
    this.#lead = lead;
    this.#heard = now;
    this.isFinal = final;
  }

  left({ steady, wall }) {
    return Math.max(0, Math.min(this.#deadline.steady - steady, this.#deadline.wall - wall));
  }

  phase(now) {
    const left = this.left(now);
    if (left === 0) return OVER;
    return left <= this.#lead ? WARNING : LIVE;
  }

  /* Milliseconds since the server was heard, by this tab or another one. */
  age({ steady, wall }) {
    return Math.max(steady - this.#heard.steady, wall - this.#heard.wall);
  }

  toMessage(now) {
    return { remaining: this.left(now), lead: this.#lead, final: this.isFinal };
  }
}

export function moment() {
  return { steady: performance.now(), wall: Date.now() };
}

/* "4:05", rounded up so that it ends with 0:01. */
export function countdown(left) {
  const seconds = Math.ceil(left / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/*
 * What is said aloud at `left`: the whole minutes above one, one minute, then half and ten seconds.
 * Answers {unit, number}; the same answer twice is not said again.
 */
export function toSay(left) {
  const seconds = Math.ceil(left / 1000);
  if (seconds > 60) return { unit: "minutes", number: Math.ceil(seconds / 60) };
  if (seconds > 30) return { unit: "minute", number: 1 };
  return { unit: "seconds", number: seconds > 10 ? 30 : 10 };
}
