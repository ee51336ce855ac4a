/*
 * A passkey as second factor, on the way to a new password, or to confirm who it is. On the first
 * two ways its PRF may open the notes, where nothing else has done so before.
 */

import { PRF_INPUT, deriveWrapKeyFromPrf } from "../crypto/prf.js";
import { putPending, readPending } from "../lib/key-store.js";
import { answer, onPasskeyStart, options, passkeyBox } from "../lib/passkey-page.js";
import { getPasskey } from "../lib/webauthn.js";

const presented = passkeyBox("present");
const box = presented ?? passkeyBox("confirm");

onPasskeyStart(box, async () => {
  const asked = presented === null ? {} : { prfInput: PRF_INPUT };
  const { credential, prfResult } = await getPasskey(await options(box), asked);
  const { next } = await answer(box, { credential });
  // The key of a password that was typed before opens more surely.
  if (prfResult !== null && (await readPending()) === null) {
    await putPending(await deriveWrapKeyFromPrf(prfResult), { kind: "passkey" });
  }
  return next;
});
