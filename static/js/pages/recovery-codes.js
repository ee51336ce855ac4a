// The page that shows backup sign-in codes once: copy, save, print, and type one back.
import { announce } from "../lib/announce.js";
import { readCode } from "../lib/recovery-code.js";

const page = document.querySelector("[data-recovery-codes]");
if (page) bind(page);

function bind(page) {
  const list = page.querySelector("[data-codes]");
  const codes = [...list.querySelectorAll("code")].map((code) => code.textContent);
  // Back must not show them again, not even from the browser's memory of the page.
  window.addEventListener("pagehide", () => list.replaceChildren());

  bindCopy(page.querySelector("[data-copy-codes]"), codes, list);
  bindDownload(page.querySelector("[data-download-codes]"), page, codes);
  page.querySelector("[data-print-codes]").addEventListener("click", () => window.print());
  bindTypeBack(page.querySelector("[data-type-back]"), codes);
}

function bindCopy(button, codes, list) {
  const words = button.querySelector("span");
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(codes.join("\n"));
    } catch {
      getSelection().selectAllChildren(list);
      return;
    }
    words.textContent = button.dataset.done;
    announce(button.dataset.done);
  });
}

function bindDownload(button, page, codes) {
  button.addEventListener("click", () => {
    const sheet = new Blob([sheetText(page, codes)], { type: "text/plain" });
    const link = document.createElement("a");
    link.href = URL.createObjectURL(sheet);
    link.download = button.dataset.downloadCodes;
    link.click();
    // The download has begun by then; the text must not outlive it in memory.
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  });
}

function sheetText(page, codes) {
  const facts = [...page.querySelectorAll("dl > div")].map(
    (fact) => `${fact.querySelector("dt").textContent}: ${fact.querySelector("dd").textContent}`,
  );
  return [page.querySelector("h2").textContent, ...facts, "", ...codes, ""].join("\n");
}

/* A slip of the hand is said here, as the server's answer could not show the codes again. */
function bindTypeBack(form, codes) {
  const error = form.querySelector("[data-type-back-error]");
  const known = new Set(codes.map(readCode));
  form.addEventListener("submit", (event) => {
    const typed = readCode(form.elements.code.value);
    if (known.has(typed)) return;
    event.preventDefault();
    error.textContent = form.dataset.noneOfThem;
    error.hidden = false;
    form.elements.code.focus();
  });
}
