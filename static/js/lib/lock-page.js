/*
 * The end of a session in this page: what it shows goes at once, and its keys with it. Pages that
 * hold more (a text being written, keys in memory) hear of it by two events of the document:
 *
 *   authnode:before-lock  the lock is near or wanted: time to save; `detail.waitFor(promise)`
 *                         delays a lock by hand a little
 *   authnode:lock         the page is locked: let go of everything
 */
import { lockVault } from "./open-vault.js";

const PATIENCE_MS = 2_000;

/* Resolves when everybody who asked for time is done, or has had enough of it. */
export async function announceLock() {
  const awaited = [];
  const detail = { waitFor: (promise) => awaited.push(promise) };
  document.dispatchEvent(new CustomEvent("authnode:before-lock", { detail }));
  if (awaited.length === 0) return;
  const enough = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  await Promise.race([Promise.allSettled(awaited), enough]);
}

export function veil(isVeiled) {
  document.documentElement.toggleAttribute("data-veiled", isVeiled);
}

/* Replaces the page by its lock screen; `link` is where the sign-in is. */
export function showLockScreen(holder, { link, isByHand }) {
  document.dispatchEvent(new Event("authnode:lock"));
  for (const dialog of document.querySelectorAll("dialog[open]")) dialog.close();
  const screen = holder.querySelector("template[data-lock-screen]").content.cloneNode(true);
  const words = screen.querySelector("[data-lock-words]");
  if (isByHand) words.textContent = words.dataset.byHand;
  screen.querySelector("[data-lock-link]").href = link;
  holder.replaceChildren(screen);
  document.body.replaceChildren(holder);
  document.body.className = "focus-page";
  document.title = holder.dataset.lockedTitle;
  veil(false);
  holder.querySelector("main").focus();
}

/* Every key of the vault in this browser; answers whether they are gone for sure. */
export function forgetKeys() {
  return lockVault();
}
