import { makeVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { putPending } from "../lib/key-store.js";
import { chosenPassword, deriveNew } from "../lib/new-password.js";
import { fill, onPasswordSubmit } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=passphrase]");

onPasswordSubmit(form, async () => {
  const { userId, email, displayName, slotId, iterations } = form.dataset;
  const chosen = await chosenPassword(form, { email, displayName });
  const { wrapKey, salt, iterations: rounds } = await deriveNew(chosen, Number(iterations));
  const slot = await wrapVaultKey({
    wrapKey,
    vaultKey: await makeVaultKey(),
    context: {
      userId,
      vaultKeyId: crypto.randomUUID(),
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
