import { lockVault, openAfterSignIn } from "../lib/open-vault.js";

/*
 * The first page of a session opens the vault key with what the sign-in left behind; signing out
 * closes it. Neither ever stops a page: an unopened key is a state that pages can live with.
 */
export function bindOpenVault() {
  if (!document.body.classList.contains("app")) return;
  openAfterSignIn();
  document.addEventListener("submit", (event) => {
    if (event.target.getAttribute("action")?.endsWith("/sign-out/")) lockVault();
  });
}
