/* A backup sign-in code without case and grouping, as `recovery/codes.py` reads it. */
export function readCode(typed) {
  return typed
    .replace(/[^0-9A-Za-z]/g, "")
    .toUpperCase()
    .replace(/O/g, "0")
    .replace(/[IL]/g, "1");
}
