// form[data-drop-files]: files that are chosen or dropped anywhere on the page are sent at once.
import { bindDrop } from "./drop-zone.js";

export function bindDropFiles() {
  const form = document.querySelector("form[data-drop-files]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-drop]");
  const reading = form.querySelector("[data-reading]");

  function refuse(sentence) {
    const place = form.querySelector("[data-file-error]");
    place.textContent = sentence;
    place.hidden = sentence === "";
  }

  function send() {
    const files = [...input.files];
    if (files.length === 0) return;
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (bytes > Number(form.dataset.mostBytes)) return refuse(form.dataset.textLarge);
    refuse("");
    zone.setAttribute("aria-busy", "true");
    reading.textContent = form.dataset.textReading;
    form.requestSubmit();
  }

  input.addEventListener("change", send);
  bindDrop(zone, (files) => {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    send();
  });
  // Back on this page after sending: ready again.
  window.addEventListener("pageshow", () => {
    zone.removeAttribute("aria-busy");
    reading.textContent = "";
    input.value = "";
  });
}
