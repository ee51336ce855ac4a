/*
 * Plain bytes in a length that tells little: 4 bytes of length (big endian), the bytes, zeros up
 * to 256 bytes, 1 KiB, then powers of two, 64 KiB at most.
 */

import { MalformedData, TooLong } from "./errors.js";

const PREFIX = 4;
const SMALLEST = 256;
const LARGEST = 64 * 1024;
export const MOST_BYTES = LARGEST - PREFIX;

export function paddedLength(length) {
  if (length > MOST_BYTES) throw new TooLong(`${length} bytes`);
  if (length + PREFIX <= SMALLEST) return SMALLEST;
  return Math.max(1024, 2 ** Math.ceil(Math.log2(length + PREFIX)));
}

export function isPaddedLength(length) {
  const isPower = (length & (length - 1)) === 0;
  return length === SMALLEST || (isPower && length >= 1024 && length <= LARGEST);
}

export function pad(bytes) {
  const padded = new Uint8Array(paddedLength(bytes.length));
  new DataView(padded.buffer).setUint32(0, bytes.length);
  padded.set(bytes, PREFIX);
  return padded;
}

/* Strict: the length that `pad` would have chosen, and nothing but zeros behind. */
export function unpad(padded) {
  if (!isPaddedLength(padded.length)) throw new MalformedData("padded length");
  const length = new DataView(padded.buffer, padded.byteOffset).getUint32(0);
  if (length > MOST_BYTES || paddedLength(length) !== padded.length) {
    throw new MalformedData("length inside the padding");
  }
  if (padded.subarray(PREFIX + length).some((byte) => byte !== 0)) {
    throw new MalformedData("padding that is not zero");
  }
  return padded.subarray(PREFIX, PREFIX + length);
}
