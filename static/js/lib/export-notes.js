/*
 * Puts notes, which only this browser can open, into a file that the server has made, and seals
 * it again where it was sealed. The server never sees the result.
 *
 *   kit: {v, format, name, media_type, content, key, entries}
 *   notes: a Map from the id of an entry to {note, fields, codes}, as lib/notes.js has them
 */

import { changeSealed } from "../crypto/aegis.js";
import { decodeBase64 } from "../crypto/encodings.js";
import { changeContainer } from "../crypto/container.js";
import { checkVersion } from "../crypto/kdf.js";

const NO_NOTE = { note: "", fields: [], codes: [] };
const WRITERS = { aegis: writeAegis, authnode: writeAuthNode };

/* Answers the bytes of the finished file. */
export async function withNotes(kit, notes) {
  checkVersion(kit);
  const inOrder = kit.entries.map((id) => notes.get(id) ?? NO_NOTE);
  const text = new TextDecoder().decode(decodeBase64(kit.content));
  return new TextEncoder().encode(await WRITERS[kit.format](kit, text, inOrder));
}

/* A note as text: what was written, then its fields and the codes of the service, a line each. */
export function noteText({ note, fields, codes }) {
  const lines = fields.map(({ name, value }) => `${name}: ${value}`);
  lines.push(...codes.map(({ code, used_on: usedOn }) => (usedOn ? `${code} (${usedOn})` : code)));
  return [note, lines.join("\n")].filter((part) => part !== "").join("\n\n");
}

/* Hands a file to the person: the browser keeps it like any other download. */
export function saveFile(bytes, { name, mediaType }) {
  const address = URL.createObjectURL(new Blob([bytes], { type: mediaType }));
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken the address up by the time it comes back to this page.
  setTimeout(() => URL.revokeObjectURL(address), 60_000);
}

async function writeAegis(kit, text, notes) {
  const file = JSON.parse(text);
  if (kit.key === null) {
    addTexts(file.db.entries, notes);
    return JSON.stringify(file);
  }
  const change = (content) => addTexts(content.entries, notes);
  return JSON.stringify(await changeSealed(file, decodeBase64(kit.key), change));
}

function writeAuthNode(kit, text, notes) {
  if (kit.key === null) return withNotesInJson(text, notes);
  // The key of the container is text of its own.
  const key = new TextDecoder().decode(decodeBase64(kit.key));
  return changeContainer(text, key, (content) =>
    new TextEncoder().encode(withNotesInJson(new TextDecoder().decode(content), notes)),
  );
}

function withNotesInJson(text, notes) {
  const file = JSON.parse(text);
  addNotes(file.entries, notes);
  return `${JSON.stringify(file, null, 1)}\n`;
}

/* Our own file has a place for each part; those that are empty are left out. */
function addNotes(entries, notes) {
  for (const [place, entry] of entries.entries()) {
    const { note, fields, codes } = notes[place];
    entry.note = note;
    if (fields.length > 0) entry.fields = fields;
    if (codes.length > 0) entry.codes = codes;
  }
}

function addTexts(entries, notes) {
  for (const [place, entry] of entries.entries()) entry.note = noteText(notes[place]);
}
