import { makeVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { putPending } from "../lib/key-store.js";
import { chosenPassword, deriveNew } from "../lib/new-password.js";
import { fill, onPasswordSubmit } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=sign-up]");

onPasswordSubmit(form, async () => {
  const password = await chosenPassword(form, {
    email: form.elements.namedItem("email").value,
    displayName: form.elements.namedItem("display_name").value,
  });
  const derived = await deriveNew(password, Number(form.dataset.iterations));
  const slot = await wrapVaultKey({
    wrapKey: derived.wrapKey,
    vaultKey: await makeVaultKey(),
    context: {
      userId: form.dataset.userId,
      vaultKeyId: crypto.randomUUID(),
      kind: "password",
      slotId: form.dataset.slotId,
      iterations: derived.iterations,
      salt: derived.salt,
    },
  });
  fill(form, "new_auth_secret", derived.authSecret);
  fill(form, "password_slot", JSON.stringify(slot));
  await putPending(derived.wrapKey, { kind: "password", slotId: slot.slot_id });
});
