// [data-reveal="ID"]: show or hide what is typed in a password field; hidden again before it is sent.
function set(button, shown) {
  const input = document.getElementById(button.dataset.reveal);
  if (!input) return;
  input.type = shown ? "text" : "password";
  button.textContent = shown ? button.dataset.hide : button.dataset.show;
  button.setAttribute("aria-label", shown ? button.dataset.hideName : button.dataset.showName);
}

function isShown(button) {
  return document.getElementById(button.dataset.reveal)?.type === "text";
}

export function bindReveal() {
  document.addEventListener("click", (event) => {
    const button = event.target.closest?.("[data-reveal]");
    if (button) set(button, !isShown(button));
  });
  // Browsers offer to remember what stood in text fields, never what stood in password fields.
  document.addEventListener(
    "submit",
    (event) => {
      for (const button of event.target.querySelectorAll("[data-reveal]")) set(button, false);
    },
    true,
  );
}
