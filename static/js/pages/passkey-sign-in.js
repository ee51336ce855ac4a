/*
 * Signing in with nothing but a passkey: offered in the address field by browsers that can
 * ("passkey autofill"), and by a button. A passkey with PRF also opens the vault key.
 */

import { PRF_INPUT, deriveWrapKeyFromPrf } from "../crypto/prf.js";
import { RequestRefused } from "../lib/api.js";
import { putPending } from "../lib/key-store.js";
import { answer, onPasskeyStart, options, passkeyBox, report } from "../lib/passkey-page.js";
import { getPasskey } from "../lib/webauthn.js";

const box = passkeyBox("sign-in");
let autofill = null;

async function signIn(request) {
  const { credential, prfResult } = await getPasskey(await options(box), {
    prfInput: PRF_INPUT,
    ...request,
  });
  const { next, email } = await answer(box, { credential });
  if (prfResult !== null) {
    await putPending(await deriveWrapKeyFromPrf(prfResult), { userHint: email, kind: "passkey" });
  }
  return next;
}

async function offerAutofill() {
  if (!(await globalThis.PublicKeyCredential?.isConditionalMediationAvailable?.())) return;
  autofill = new AbortController();
  try {
    location.assign(await signIn({ conditional: true, signal: autofill.signal }));
  } catch (error) {
    // Dismissed, or aborted by the button: the form and the button are still there.
    if (error instanceof RequestRefused) report(box, error);
  }
}

onPasskeyStart(box, () => {
  autofill?.abort();
  return signIn({});
});
document.querySelector("[data-password-form=sign-in]")?.addEventListener("submit", () => {
  autofill?.abort();
});
offerAutofill();
