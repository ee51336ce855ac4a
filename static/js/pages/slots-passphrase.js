/* The first notes passphrase makes a vault key; a later one wraps the same vault key anew. */

import { makeVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { putPending } from "../lib/key-store.js";
import { chosenPassword, deriveNew } from "../lib/new-password.js";
import { openVault } from "../lib/open-vault.js";
import { fill, onPasswordSubmit } from "../lib/password-form.js";
import { vaultKeyToWrap } from "./slots-password.js";

const form = document.querySelector("[data-password-form=passphrase]");
const whenLocked = form.querySelector("[data-when-locked]");
const { userId, email, displayName, slotId, iterations, current } = form.dataset;

onPasswordSubmit(form, async () => {
  const chosen = await chosenPassword(form, { email, displayName });
  const opened = current === "" ? null : await vaultKeyToWrap(form);
  const { wrapKey, salt, iterations: rounds } = await deriveNew(chosen, Number(iterations));
  const slot = await wrapVaultKey({
    wrapKey,
    vaultKey: opened === null ? await makeVaultKey() : opened.vaultKey,
    context: {
      userId,
      vaultKeyId: opened === null ? crypto.randomUUID() : opened.vaultKeyId,
      kind: "password",
      slotId,
      iterations: rounds,
      salt,
    },
  });
  fill(form, "password_slot", JSON.stringify(slot));
  // The next page opens the vault key with it, as after a sign-in.
  await putPending(wrapKey, { userHint: email, kind: "password", slotId });
});

if (whenLocked !== null) whenLocked.hidden = (await openVault()) !== null;
