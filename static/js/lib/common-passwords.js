/*
 * The list of common passwords: one lower-case word a line, gzip-compressed or plain. It is
 * fetched when a new password is being chosen, never at sign-in.
 */

export class WordListUnavailable extends Error {
  constructor(message, options) {
    super(message, options);
    this.name = new.target.name;
  }
}

/* Answers {contains(word), size}; words are compared in lower case, without outer spaces. */
export async function loadCommonPasswords(address) {
  const words = new Set(lines(await text(address)));
  if (words.size === 0) throw new WordListUnavailable("empty list");
  return {
    contains: (word) => words.has(word.trim().toLowerCase()),
    size: words.size,
  };
}

async function text(address) {
  try {
    const response = await fetch(address, { credentials: "same-origin" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    const body = await response.blob();
    return await new Response(await plain(body)).text();
  } catch (error) {
    throw new WordListUnavailable(String(error?.message ?? error), { cause: error });
  }
}

async function plain(body) {
  // Some servers send a .gz file with Content-Encoding: gzip, and the browser has then already
  // unpacked it; the two magic bytes tell.
  const [first, second] = new Uint8Array(await body.slice(0, 2).arrayBuffer());
  const isGzip = first === 0x1f && second === 0x8b;
  return isGzip ? body.stream().pipeThrough(new DecompressionStream("gzip")) : body;
}

function lines(content) {
  return content.split("\n").map((line) => line.trim()).filter((line) => line !== "");
}
