/* The server's clock as this page knows it, carried on by the browser's steady one. */
import { clockError } from "./codes.js";

export class ServerClock {
  #server = 0;
  #steady = 0;
  #error = 0;

  /* `sent` and `received` on the steady clock (performance.now()), around the server's moment. */
  set({ server, sent, received }) {
    const middle = (sent + received) / 2;
    const device = Date.now() - (performance.now() - middle);
    this.#server = server;
    this.#steady = middle;
    this.#error = clockError({ device, server, uncertainty: (received - sent) / 2 });
  }

  now() {
    return this.#server + performance.now() - this.#steady;
  }

  /* Seconds the device's own clock is ahead; 0 when it is right enough. */
  get error() {
    return this.#error;
  }
}

/* When this page was asked for and when its first byte came, on the steady clock. */
export function pageLoad() {
  const [entry] = performance.getEntriesByType("navigation");
  if (!entry) return { sent: performance.now(), received: performance.now() };
  return { sent: entry.requestStart, received: entry.responseStart };
}
