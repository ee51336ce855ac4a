import { decodeBase64url } from "../crypto/bytes.js";
import { SALT_BYTES, deriveAuthSecret, deriveMaster } from "../crypto/kdf.js";
import { fill, onPasswordSubmit, typed } from "../lib/password-form.js";

const form = document.querySelector("[data-password-form=confirm]");

onPasswordSubmit(form, async () => {
  const { salt, iterations } = form.dataset;
  const bytes = decodeBase64url(salt, SALT_BYTES);
  const master = await deriveMaster(typed(form, "current"), bytes, Number(iterations));
  fill(form, "auth_secret", await deriveAuthSecret(master));
});
