/* What the tabs of this browser tell each other about the session they share. */

const NAME = "authnode-session";

/* `left`: the server said how long the session lives. */
export const LEFT = "left";
/* `locked`: the session is over; nothing of it is shown any more. */
export const LOCKED = "locked";
/* `check`: it may be over; ask the server. */
export const CHECK = "check";
/* `alive`: somebody has signed in. */
export const ALIVE = "alive";

export class SessionChannel {
  #channel = "BroadcastChannel" in globalThis ? new BroadcastChannel(NAME) : null;

  tell(kind, content = {}) {
    this.#channel?.postMessage({ kind, ...content });
  }

  onMessage(hear) {
    this.#channel?.addEventListener("message", (event) => hear(event.data));
  }
}

const ASKED = "authnode:check-session";

/* Some request of this page was answered as if nobody were signed in. */
export function askSession() {
  document.dispatchEvent(new Event(ASKED));
}

export function onSessionAsked(look) {
  document.addEventListener(ASKED, look);
}
