import { deriveAuthSecret, deriveMaster, deriveWrapKey, parseParameters } from "../crypto/kdf.js";
import { post } from "../lib/api.js";
import { putPending, wipe } from "../lib/key-store.js";
import { fill, onPasswordSubmit, typed } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=sign-in]");

// Keys of an earlier session of this browser have no business with the next one.
wipe();

// Where the site takes no passwords there is no form.
if (form !== null) onPasswordSubmit(form, deriveKeys);

async function deriveKeys() {
  const password = typed(form, "current");
  const email = form.elements.namedItem("email").value;
  const { salt, iterations } = parseParameters(await post(form.dataset.parameters, { email }));
  const master = await deriveMaster(password, salt, iterations);
  fill(form, "auth_secret", await deriveAuthSecret(master));
  const userHint = email.trim().toLowerCase();
  await putPending(await deriveWrapKey(master), { userHint, kind: "password" });
}
