/* Takes the token out of the address and posts it; it never reaches a server's log. */

export function postToken() {
  take();
  // A link opened in the tab that shows this page already changes nothing but the fragment.
  addEventListener("hashchange", take);
}

function take() {
  const token = location.hash.slice(1);
  if (token === "") return;
  const form = document.querySelector("[data-link-form]");
  history.replaceState(null, "", location.pathname);
  document.querySelector("[data-without-link]").hidden = true;
  form.hidden = false;
  form.elements.namedItem("token").value = token;
  form.submit();
}
