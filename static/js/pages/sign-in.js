import { deriveAuthSecret, deriveMaster, deriveWrapKey, parseParameters } from "../crypto/kdf.js";
import { post } from "../lib/api.js";
import { putPending, wipe } from "../lib/key-store.js";
import { wantKept } from "../lib/kept-forms.js";
import { fill, onPasswordSubmit, typed } from "../lib/password-form.js";
import { ALIVE, CHECK, SessionChannel } from "../lib/session-channel.js";

const form = document.querySelector("[data-password-form=sign-in]");

// Keys of an earlier session of this browser have no business with the next one.
wipe();

// Nobody is signed in here: what other tabs still show is over, and a form sent from this one did
// not arrive.
const channel = new SessionChannel();
channel.tell(CHECK);
wantKept();
// Somebody has signed in in another tab: this one goes on where it was, too.
channel.onMessage(({ kind }) => {
  const next = document.querySelector("input[name=next]")?.value;
  if (kind === ALIVE && next) location.replace(next);
});

// Where the site takes no passwords there is no form.
if (form?.elements.namedItem("email").value) form.querySelector("[data-password]").focus();
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
