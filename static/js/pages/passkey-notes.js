/*
 * Lets a passkey that is here already open the encrypted notes. One that still opens an earlier
 * vault key brings that along, wrapped under the key in use.
 */

import { asMaterial, unwrapForWrapping, wrapVaultKey } from "../crypto/keyslot.js";
import { deriveOlderWrapKey } from "../crypto/vault-key.js";
import { post } from "../lib/api.js";
import { openAfterSignIn, openVault } from "../lib/open-vault.js";
import { onPasskeyStart, passkeyBox } from "../lib/passkey-page.js";
import { closeIntoSlot, passkeyOf } from "../lib/passkey-slot.js";
import { vaultKeyToWrap } from "./slots-password.js";

const box = passkeyBox("notes");
const former = JSON.parse(document.getElementById("former-slot")?.textContent ?? "null");
const whenLocked = box.querySelector("[data-when-locked]");

onPasskeyStart(box, async () => {
  const open = await vaultKeyToWrap(box);
  const { slot, wrapKey } = await closeIntoSlot(passkeyOf(box), open);
  const older = former === null ? null : await olderSlot(open, wrapKey);
  await post(box.dataset.answer, { slot, older });
  return box.dataset.next;
});

async function olderSlot({ vaultKey, vaultKeyId, userId }, wrapKey) {
  return wrapVaultKey({
    wrapKey: await deriveOlderWrapKey(await asMaterial(vaultKey)),
    vaultKey: await unwrapForWrapping({ wrapKey, slot: former, userId }),
    context: {
      userId,
      vaultKeyId: former.vault_key_id,
      kind: "older",
      slotId: crypto.randomUUID(),
      newerKeyId: vaultKeyId,
    },
  });
}

await openAfterSignIn();
if (whenLocked !== null) whenLocked.hidden = (await openVault()) !== null;
