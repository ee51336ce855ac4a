/* Takes the token out of the address and posts it; it never reaches a server's log. */

const form = document.querySelector("[data-link-form]");
const token = location.hash.slice(1);

if (token !== "") {
  history.replaceState(null, "", location.pathname);
  document.querySelector("[data-without-link]").hidden = true;
  form.hidden = false;
  form.elements.namedItem("token").value = token;
  form.submit();
}
