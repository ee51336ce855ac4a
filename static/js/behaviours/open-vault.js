import { lockVault, openAfterSignIn } from "../lib/open-vault.js";

/*
 * The first page of a session opens the vault key with what the sign-in left behind; signing out
 * closes it. Neither ever stops a page: an unopened key is a state that pages can live with.
 * The answer is a promise that is kept once the page has opened what it could.
 */
export function bindOpenVault() {
  if (!document.body.classList.contains("app")) return Promise.resolve();
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action")?.endsWith("/sign-out/")) lockVault();
  });
  return openAfterSignIn();
}
