/*
 * The first sign-in after a command has set the password. The wrap key of the sign-in is still at
 * hand as a rule, and then nothing needs to be typed.
 */

import { decodeBase64url } from "../crypto/bytes.js";
import { SALT_BYTES, deriveMaster, deriveWrapKey } from "../crypto/kdf.js";
import { makeVaultKey, wrapVaultKey } from "../crypto/keyslot.js";
import { putPending, takePending } from "../lib/key-store.js";
import { fill, onPasswordSubmit, typed } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=vault-key]");
const { userId, salt, iterations } = form.dataset;
const saltBytes = decodeBase64url(salt, SALT_BYTES);

async function fillSlot(wrapKey) {
  const slot = await wrapVaultKey({
    wrapKey,
    vaultKey: await makeVaultKey(),
    context: {
      userId,
      vaultKeyId: crypto.randomUUID(),
      kind: "password",
      slotId: crypto.randomUUID(),
      iterations: Number(iterations),
      salt: saltBytes,
    },
  });
  fill(form, "password_slot", JSON.stringify(slot));
  await putPending(wrapKey, { kind: "password", slotId: slot.slot_id });
}

const email = form.querySelector("[autocomplete=username]").value;
const pending = await takePending();
// Of a passkey it would open nothing that the password closes.
if (pending?.kind === "password" && pending.userHint === email) {
  await fillSlot(pending.wrapKey);
  form.submit();
} else {
  onPasswordSubmit(form, async () => {
    const master = await deriveMaster(typed(form, "current"), saltBytes, Number(iterations));
    await fillSlot(await deriveWrapKey(master));
  });
}
