/* How a user's notes stand: counts and the place of search. No cryptography comes along. */

import { get } from "./api.js";

export function fetchState() {
  return get("/notes/state/", { background: true });
}
