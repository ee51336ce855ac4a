// Keeps the offline page and its styles, nothing else: codes and pages of the vault are never stored.
const CACHE = "authnode-offline-1";
const OFFLINE = new URL("offline/", self.registration.scope).href;

// The page itself names its styles, whose addresses change with their content.
async function store() {
  const page = await fetch(OFFLINE, { cache: "reload", credentials: "omit" });
  if (!page.ok || page.redirected) throw new Error("The offline page is not there.");
  const links = (await page.clone().text()).matchAll(/<link rel="stylesheet" href="([^"]+)"/g);
  const cache = await caches.open(CACHE);
  await cache.addAll([...links].map((link) => new Request(link[1], { credentials: "omit" })));
  await cache.put(OFFLINE, page);
}

async function dropOlder() {
  const names = await caches.keys();
  const older = names.filter((name) => name.startsWith("authnode-offline-") && name !== CACHE);
  await Promise.all(older.map((name) => caches.delete(name)));
}

async function fromCache(key) {
  const cache = await caches.open(CACHE);
  return (await cache.match(key)) ?? Response.error();
}

self.addEventListener("install", (event) => {
  event.waitUntil(store().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(dropOlder().then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.mode === "navigate") {
    event.respondWith(fetch(request).catch(() => fromCache(OFFLINE)));
  } else if (request.destination === "style") {
    event.respondWith(fetch(request).catch(() => fromCache(request.url)));
  }
});
