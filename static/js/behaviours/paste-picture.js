// form[data-pictures]: pictures that are chosen, dropped or pasted anywhere are sent at once.
import { bindDrop } from "./drop-zone.js";

const KINDS = ["image/png", "image/jpeg", "image/webp", "image/gif"];

export function bindPastePicture() {
  const form = document.querySelector("form[data-pictures]");
  if (!form) return;
  const input = form.querySelector("input[type=file]");
  const zone = form.querySelector("[data-drop]");
  const reading = form.querySelector("[data-reading]");

  function refuse(sentence) {
    const place = form.querySelector("[data-picture-error]");
    place.textContent = sentence;
    place.hidden = sentence === "";
  }

  function send() {
    const files = [...input.files];
    if (files.length === 0) return;
    const bytes = files.reduce((sum, file) => sum + file.size, 0);
    if (files.some((file) => !KINDS.includes(file.type))) return refuse(form.dataset.textKind);
    if (bytes > Number(form.dataset.mostBytes)) return refuse(form.dataset.textLarge);
    refuse("");
    zone.setAttribute("aria-busy", "true");
    reading.textContent = form.dataset.textReading;
    form.requestSubmit();
  }

  function take(files) {
    const transfer = new DataTransfer();
    for (const file of files) transfer.items.add(file);
    input.files = transfer.files;
    send();
  }

  input.addEventListener("change", send);
  document.addEventListener("paste", (event) => {
    const files = pictures(event.clipboardData);
    if (files.length > 0) {
      event.preventDefault();
      take(files);
    }
  });
  bindDrop(zone, take);
  // Back on this page after sending: ready again.
  window.addEventListener("pageshow", () => {
    zone.removeAttribute("aria-busy");
    reading.textContent = "";
    form.reset();
  });
}

function pictures(transfer) {
  return [...(transfer?.files ?? [])].filter((file) => file.type.startsWith("image/"));
}
