/* Say something to people who listen to the page: it waits for its turn and takes no focus. */
export function announce(sentence) {
  const region = document.querySelector("[data-announce]");
  if (!region) return;
  // The same sentence twice is only read out again when the region was empty in between.
  region.textContent = "";
  setTimeout(() => {
    region.textContent = sentence;
  }, 50);
}
