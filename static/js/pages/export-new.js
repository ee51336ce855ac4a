// Shows the options of the chosen format only, and the categories only where they are asked for.
const form = document.querySelector("[data-export-choice]");

function show() {
  const chosen = new FormData(form);
  for (const part of form.querySelectorAll("[data-option-of]")) {
    part.hidden = !part.dataset.optionOf.split(" ").includes(chosen.get("format"));
  }
  for (const part of form.querySelectorAll("[data-option-of-what]")) {
    part.hidden = part.dataset.optionOfWhat !== chosen.get("what");
  }
}

if (form !== null) {
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
}
