const button = document.querySelector("[data-copy-from]");

button?.addEventListener("click", async () => {
  const field = document.getElementById(button.dataset.copyFrom);
  field.select();
  await navigator.clipboard.writeText(field.value);
  button.textContent = button.dataset.copied;
});
