/*
 * What makes a password too weak. Length is what helps; there are no "one capital, one digit"
 * demands. A shorter password passes when it mixes kinds of characters.
 */

const LONG_ENOUGH = 15;
const LONG_ENOUGH_MIXED = 12;
const KINDS_WHEN_MIXED = 3;
const TOO_LONG = 1024;
const PIECE_WORTH_NOTICING = 4;
const OWN_PART = 8;

const KINDS = [
  /\p{Lowercase}/u,
  /\p{Uppercase}/u,
  /\p{Number}/u,
  /[^\p{Lowercase}\p{Uppercase}\p{Number}]/u,
];

/*
 * Answers the names of the broken rules: "too-short", "too-long", "common", "personal".
 * `isCommon` takes the password folded to lower case, without outer spaces.
 */
export function judgePassword(
  password,
  { email = "", displayName = "", siteName = "", isCommon = () => false } = {},
) {
  const text = password.normalize("NFKC");
  const length = Array.from(text).length;
  const broken = [];
  if (isTooShort(text, length)) broken.push("too-short");
  if (length > TOO_LONG) broken.push("too-long");
  if (isCommon(text.trim().toLowerCase())) broken.push("common");
  const names = [email, ...email.split("@"), displayName, siteName];
  if (isPersonal(text, names)) broken.push("personal");
  return broken;
}

function isTooShort(text, length) {
  if (length >= LONG_ENOUGH) return false;
  const kinds = KINDS.filter((kind) => kind.test(text)).length;
  return length < LONG_ENOUGH_MIXED || kinds < KINDS_WHEN_MIXED;
}

/* Too little is left once the person's own names and the site's are taken out. */
function isPersonal(text, names) {
  const pieces = names
    .flatMap((name) => [fold(name), ...name.split(/[^\p{Letter}\p{Number}]+/u).map(fold)])
    .filter((piece) => piece.length >= PIECE_WORTH_NOTICING)
    .sort((left, right) => right.length - left.length);
  const folded = fold(text);
  const left = pieces.reduce((rest, piece) => rest.replaceAll(piece, ""), folded);
  return left !== folded && left.length < OWN_PART;
}

function fold(text) {
  return text.normalize("NFKC").toLowerCase().replace(/[^\p{Letter}\p{Number}]/gu, "");
}
