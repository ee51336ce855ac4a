import { readFileSync } from "node:fs";
import { webcrypto } from "node:crypto";

globalThis.crypto ??= webcrypto;

export function vectors(name) {
  return JSON.parse(readFileSync(new URL(`../vectors/${name}`, import.meta.url), "utf8"));
}

export function fromHex(hex) {
  return new Uint8Array(Buffer.from(hex, "hex"));
}

export function hex(bytes) {
  return Buffer.from(bytes).toString("hex");
}

export function aesKey(bytes, usages, extractable = false) {
  return crypto.subtle.importKey("raw", bytes, "AES-GCM", extractable, usages);
}
