/*
 * What somebody had typed when the page locked, for the same page after the sign-in. Only forms
 * that say so ([data-keep]) are kept, never a password, a file or a hidden field, and only what
 * differs from what the server had filled in. It lies in this tab alone, at most half a day.
 */

const KEPT = "authnode-kept-forms";
const LIFETIME_MS = 12 * 60 * 60 * 1000;
const NEVER = ["password", "hidden", "file", "submit", "button", "image", "reset"];

/* The controls of a form that hold no secret, each by its name and its place under that name. */
export function plainControls(form) {
  const counts = new Map();
  const found = [];
  for (const control of form.elements) {
    if (!control.name || NEVER.includes(control.type) || "secret" in control.dataset) continue;
    const place = counts.get(control.name) ?? 0;
    counts.set(control.name, place + 1);
    found.push({ control, key: `${control.name}#${place}` });
  }
  return found;
}

export function changedValues(form) {
  const changed = {};
  for (const { control, key } of plainControls(form)) {
    const value = read(control);
    if (JSON.stringify(value) !== JSON.stringify(original(control))) changed[key] = value;
  }
  return changed;
}

/* Answers whether anything was put back. */
export function putBack(form, values) {
  let isAny = false;
  for (const { control, key } of plainControls(form)) {
    if (!(key in values)) continue;
    write(control, values[key]);
    control.dispatchEvent(new Event("input", { bubbles: true }));
    control.dispatchEvent(new Event("change", { bubbles: true }));
    isAny = true;
  }
  return isAny;
}

/*
 * Called when the page locks (`wanted`), and when a form is sent: should the answer be the sign-in,
 * the form would be lost. `forms` are the [data-keep] forms.
 */
export function keep(forms, { user, page, wanted, at = Date.now() }) {
  const values = {};
  for (const form of forms) {
    const changed = changedValues(form);
    if (Object.keys(changed).length > 0) values[form.dataset.keep] = changed;
  }
  if (Object.keys(values).length === 0) return;
  sessionStorage.setItem(KEPT, JSON.stringify({ user, page, values, wanted, at }));
}

/* The sign-in page says that what was sent did not arrive. */
export function wantKept() {
  const kept = readKept();
  if (kept) sessionStorage.setItem(KEPT, JSON.stringify({ ...kept, wanted: true }));
}

/* The values to put back on this page, once; anything else that lies there goes. */
export function takeKept({ user, page, at = Date.now() }) {
  const kept = readKept();
  if (kept === null) return null;
  const isOurs = kept.wanted && kept.user === user && at - kept.at < LIFETIME_MS;
  // Between the sign-in and the page itself there may be another page.
  if (isOurs && kept.page !== page) return null;
  sessionStorage.removeItem(KEPT);
  return isOurs ? kept.values : null;
}

function readKept() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT));
  } catch {
    sessionStorage.removeItem(KEPT);
    return null;
  }
}

function read(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.checked;
  if (control.options) return [...control.options].map((option) => option.selected);
  return control.value;
}

function original(control) {
  if (control.type === "checkbox" || control.type === "radio") return control.defaultChecked;
  if (control.options) return selectedAtFirst(control);
  return control.defaultValue;
}

/* A select without a chosen option shows its first one. */
function selectedAtFirst(select) {
  const chosen = [...select.options].map((option) => option.defaultSelected);
  if (!select.multiple && !chosen.includes(true) && chosen.length > 0) chosen[0] = true;
  return chosen;
}

function write(control, value) {
  if (control.type === "checkbox" || control.type === "radio") control.checked = value;
  else if (control.options) {
    [...control.options].forEach((option, place) => {
      option.selected = value[place] ?? false;
    });
  } else control.value = value;
}
