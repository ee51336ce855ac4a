/*
 * A code in the clipboard, for as long as its owner chose. When it is due to go is kept for the tab, without
 * the code, so that any later page of the site empties the clipboard too.
 *
 * Without the right to read, a browser lets a page write to the clipboard only right after a key
 * or a click: then the next one does it.
 */

const DUE = "authnode-clipboard-due";

let held = "";
let timer = 0;

/* Rejects where the browser refuses; nothing is due then. */
export async function putForAWhile(code, seconds = 30) {
  await navigator.clipboard.writeText(code);
  held = code;
  sessionStorage.setItem(DUE, String(Date.now() + seconds * 1000));
  wait();
}

/* Called once a page, wherever it is. */
export function bindClipboardClearing() {
  for (const kind of ["focus", "pointerup", "keyup"]) window.addEventListener(kind, clearIfDue);
  // Something else was copied since, and that is not ours to clear.
  document.addEventListener("copy", forget);
  wait();
}

function wait() {
  clearTimeout(timer);
  const due = Number(sessionStorage.getItem(DUE));
  if (due > 0) timer = setTimeout(clearIfDue, Math.max(0, due - Date.now()));
}

async function clearIfDue() {
  const due = Number(sessionStorage.getItem(DUE));
  if (due === 0 || Date.now() < due) return;
  const code = held;
  if (await isOthers(code)) {
    forget();
    return;
  }
  // The click that led here may be copying another code by now.
  if (held !== code) return;
  try {
    await navigator.clipboard.writeText("");
    if (held === code) forget();
  } catch {
    // Not now: the page is not in front, or nobody has touched it.
  }
}

function forget() {
  held = "";
  clearTimeout(timer);
  sessionStorage.removeItem(DUE);
}

/* Where the browser lets this page read the clipboard, something else in it is left alone. */
async function isOthers(code) {
  if (code === "") return false;
  try {
    const permission = await navigator.permissions.query({ name: "clipboard-read" });
    if (permission.state !== "granted") return false;
    return (await navigator.clipboard.readText()) !== code;
  } catch {
    return false;
  }
}
