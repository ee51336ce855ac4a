/*
 * What a camera has read: second factors, each once. An export may be spread over several codes
 * ({text, is_account, export, part, parts}); it is complete when all its parts were seen.
 */
export class Collected {
  #texts = new Set();
  #exports = new Map();
  last = null;

  add(code) {
    if (!code.is_account) return;
    this.#texts.add(code.text);
    this.last = code;
    if (code.parts === 1) return;
    const key = `${code.export}/${code.parts}`;
    const seen = this.#exports.get(key) ?? new Set();
    this.#exports.set(key, seen.add(code.part));
  }

  get isEmpty() {
    return this.#texts.size === 0;
  }

  get isComplete() {
    const isWhole = ([key, seen]) => seen.size === Number(key.split("/")[1]);
    return !this.isEmpty && [...this.#exports].every(isWhole);
  }

  /* One link a line. */
  get text() {
    return [...this.#texts].join("\n");
  }
}
