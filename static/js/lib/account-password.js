/*
 * Whether a password is the one of this account. The server cannot tell, as it never sees that
 * one; here it is tried on the key slots that it would open.
 */

import { WrongKey } from "../crypto/errors.js";
import { deriveMaster, deriveWrapKey } from "../crypto/kdf.js";
import { parsePasswordSlot, unwrapVaultKey } from "../crypto/keyslot.js";
import { fetchSlots } from "./open-vault.js";

export async function isAccountPassword(password) {
  const { userId, slots } = await fetchSlots();
  const known = slots.filter(({ kind }) => kind === "password").map(({ slot }) => slot);
  for (const slot of known) {
    if (await opens(password, slot, userId)) return true;
  }
  return false;
}

async function opens(password, slot, userId) {
  const { salt, iterations } = parsePasswordSlot(slot);
  const wrapKey = await deriveWrapKey(await deriveMaster(password, salt, iterations));
  try {
    await unwrapVaultKey({ wrapKey, slot, userId });
    return true;
  } catch (error) {
    if (error instanceof WrongKey) return false;
    throw error;
  }
}
