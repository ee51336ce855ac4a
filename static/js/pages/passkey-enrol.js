/*
 * Adds a passkey. Where it is to open the encrypted notes as well, its PRF wraps the vault key,
 * and a second evaluation must unwrap it before the slot is kept.
 */

import { post } from "../lib/api.js";
import { openAfterSignIn, openVault } from "../lib/open-vault.js";
import { answer, onPasskeyStart, options, passkeyBox, say } from "../lib/passkey-page.js";
import { closeIntoSlot } from "../lib/passkey-slot.js";
import { createPasskey } from "../lib/webauthn.js";
import { vaultKeyToWrap } from "./slots-password.js";

const box = passkeyBox("enrol");
const opensNotes = box.querySelector("[data-opens-notes]");
const whenLocked = box.querySelector("[data-when-locked]");

onPasskeyStart(box, async () => {
  const wantsNotes = opensNotes?.checked ?? false;
  // Opened before anything is made: a wrong password must not leave half of what was wished.
  const open = wantsNotes ? await vaultKeyToWrap(box) : null;
  const asked = await options(box, { opens_notes: wantsNotes });
  const made = await createPasskey(asked);
  const name = document.getElementById("id_name").value;
  const added = await answer(box, { credential: made.credential, name });
  if (open === null) return added.next;
  if (made.hasPrf && (await addsSlot(open, asked.publicKey.rp.id, made, added))) return added.next;
  stayWithout(added.next);
  return null;
});

/* The passkey is added already; what fails here takes nothing of that back. */
async function addsSlot(open, rpId, { rawId, transports }, { slot_url: address }) {
  try {
    const { slot } = await closeIntoSlot({ rpId, credential: { id: rawId, transports } }, open);
    await post(address, { slot });
    return true;
  } catch (error) {
    console.warn("passkey slot:", error.name);
    return false;
  }
}

/* Says that the notes stay closed to this passkey; the button becomes the way on. */
function stayWithout(next) {
  say(box, "withoutNotes");
  box.querySelector("[data-passkey-start]").hidden = true;
  const onwards = box.querySelector("[data-passkey-next]");
  onwards.href = next;
  onwards.hidden = false;
  onwards.focus();
}

async function showPassword() {
  const isOpen = (await openVault()) !== null;
  whenLocked.hidden = isOpen || !opensNotes.checked;
}

// This may be the first page of the session, and then the wrap key of the sign-in is still there.
await openAfterSignIn();
if (whenLocked !== null) {
  opensNotes.addEventListener("change", showPassword);
  await showPassword();
}
