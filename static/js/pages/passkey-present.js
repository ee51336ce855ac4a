/* A passkey as second factor, or to confirm who it is. */

import { answer, onPasskeyStart, options, passkeyBox } from "../lib/passkey-page.js";
import { getPasskey } from "../lib/webauthn.js";

const box = passkeyBox("present") ?? passkeyBox("confirm");

onPasskeyStart(box, async () => {
  const { credential } = await getPasskey(await options(box));
  const { next } = await answer(box, { credential });
  return next;
});
