// Registers the service worker that answers with the offline page; it keeps nothing else.
// Beside the folder of static files, wherever the site is mounted.
const WORKER = new URL("../../../service-worker.js", import.meta.url).href;

function workerAddress() {
  if (!window.trustedTypes) return WORKER;
  const policy = window.trustedTypes.createPolicy("authnode-worker", { createScriptURL: () => WORKER });
  return policy.createScriptURL("");
}

export function registerOffline() {
  if (!window.isSecureContext || !("serviceWorker" in navigator)) return;
  navigator.serviceWorker.register(workerAddress()).catch(() => {
    // A certificate the browser was told to accept is not enough for a worker; the site works without.
  });
}
