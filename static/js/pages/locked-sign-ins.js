/* Counts down to the end of each lock on the administration's page of locked sign-ins. */
const started = performance.now();
const boxes = [...document.querySelectorAll("[data-seconds-left]")];

function write() {
  const passed = (performance.now() - started) / 1000;
  for (const box of boxes) {
    const left = Math.max(0, Math.ceil(Number(box.dataset.secondsLeft) - passed));
    box.textContent = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
  }
}

write();
setInterval(write, 1000);
