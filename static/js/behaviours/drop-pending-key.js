import { takePending } from "../lib/key-store.js";

/*
 * The wrap key of a sign-in waits for the page that needs it. On any other page of a signed-in
 * person it has no further use, and a key without use is a key to lose.
 */
export function dropPendingKey() {
  if (document.body.classList.contains("app")) takePending();
}
