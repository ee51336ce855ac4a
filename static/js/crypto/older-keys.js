/*
 * The vault keys that came before the one in use. Each lies in a slot of kind "older", wrapped
 * under a newer key that its `newer_key_id` names; from the open key the chain is followed down.
 *
 *   openOlderKeys({vaultKey, vaultKeyId, userId, slots}) -> {keys, refused}
 *
 *   vaultKey    the open vault key as HKDF material (see asMaterial for a wrappable one)
 *   slots       the slots as they are on the wire; those of other kinds are passed over
 *   keys        Map: vault_key_id -> HKDF material that cannot be read back, the open key among
 *               them. What is closed with a key that is not in it stays locked.
 *   refused     Map: vault_key_id -> the CryptoRefusal of the link that did not open
 *
 * Never throws for a broken link: one damaged slot must not close what the others open.
 */

import { CryptoRefusal } from "./errors.js";
import { parseSlot, unwrapVaultKey } from "./keyslot.js";
import { deriveOlderWrapKey } from "./vault-key.js";

export async function openOlderKeys({ vaultKey, vaultKeyId, userId, slots }) {
  const keys = new Map([[vaultKeyId, vaultKey]]);
  const refused = new Map();
  const links = slots.filter(({ kind }) => kind === "older");
  // A Map is walked in the order of insertion, and what is found on the way is walked as well.
  for (const [newerId, newer] of keys) {
    const below = links.filter((slot) => slot.newer_key_id === newerId);
    const wrapKey = below.length > 0 ? await deriveOlderWrapKey(newer) : null;
    for (const slot of below) {
      const olderId = slot.vault_key_id;
      if (!keys.has(olderId)) await openLink({ wrapKey, slot, userId }, { keys, refused });
    }
  }
  return { keys, refused };
}

async function openLink({ wrapKey, slot, userId }, { keys, refused }) {
  try {
    const { vaultKeyId } = parseSlot(slot);
    keys.set(vaultKeyId, await unwrapVaultKey({ wrapKey, slot, userId }));
    // Another link to the same key may have failed before.
    refused.delete(vaultKeyId);
  } catch (error) {
    if (!(error instanceof CryptoRefusal)) throw error;
    refused.set(slot.vault_key_id, error);
  }
}
