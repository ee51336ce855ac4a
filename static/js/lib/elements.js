/* Elements made in a script: make("p", {class: "muted"}, "text", child, …). */

export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === false || value === undefined) continue;
    if (name === "onclick") element.addEventListener("click", value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

export function button(label, onclick, kind = "button-small", attributes = {}) {
  return make("button", { type: "button", class: `button ${kind}`, onclick, ...attributes }, label);
}

/* The same label on several buttons is told apart for who cannot see what they stand beside. */
export function hiddenWord(text) {
  return make("span", { class: "visually-hidden" }, ` ${text}`);
}
