// The dialog before the lock: a countdown, “Stay signed in” and “Lock now”.
import { countdown, toSay } from "../lib/session-clock.js";

// Moving around in the dialog is no answer to it: somebody may be on the way to “Lock now”.
const WAYS_AROUND = ["Tab", "Shift", "Control", "Alt", "Meta", "CapsLock"];

export function bindLockWarning(holder, { onStay, onLock }) {
  const dialog = holder.querySelector("[data-lock-warning]");
  const number = holder.querySelector("[data-lock-countdown]");
  const spoken = holder.querySelector("[data-lock-spoken]");
  const stay = holder.querySelector("[data-lock-stay]");
  const title = document.title;
  let said = "";

  stay.addEventListener("click", onStay);
  holder.querySelector("[data-lock-now]").addEventListener("click", onLock);
  // Escape, or a press beside the dialog: somebody is there.
  dialog.addEventListener("cancel", onStay);
  dialog.addEventListener("close", () => {
    said = "";
    document.title = title;
  });

  function show(left, isFinal) {
    number.textContent = countdown(left);
    document.title = `(${countdown(left)}) ${title}`;
    if (!dialog.open) {
      stay.hidden = isFinal;
      holder.querySelector("[data-lock-idle]").hidden = isFinal;
      holder.querySelector("[data-lock-final]").hidden = !isFinal;
      dialog.showModal();
    }
    say(left);
  }

  function say(left) {
    const { unit, number: count } = toSay(left);
    const words = { minutes: "wordsMinutes", minute: "wordsMinute", seconds: "wordsSeconds" }[unit];
    const sentence = holder.dataset[words].replace("%s", String(count));
    if (sentence === said) return;
    said = sentence;
    spoken.textContent = sentence;
  }

  function hide() {
    if (dialog.open) dialog.close();
  }

  /* Does this event say that somebody is there and wants to go on? */
  function isAnswer(event) {
    if (event.type === "mousemove" || event.type === "touchmove") return false;
    if (event.target.closest?.("[data-lock-warning] button")) return false;
    return event.type !== "keydown" || !WAYS_AROUND.includes(event.key);
  }

  return { show, hide, isAnswer };
}
