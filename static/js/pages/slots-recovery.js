// Adding a notes recovery key.
import { openVault } from "../lib/open-vault.js";
import { FormProblem, fill, onPasswordSubmit } from "../lib/password-form.js";
import { vaultKeyToWrap } from "./slots-password.js";
import { bindRecoveryKey } from "./slots-recovery-key.js";

const form = document.querySelector("[data-password-form=recovery]");
const recovery = bindRecoveryKey(form.querySelector("[data-recovery-key]"));
const whenLocked = form.querySelector("[data-when-locked]");

onPasswordSubmit(form, async () => {
  recovery.check();
  if (form.elements.namedItem("name").value.trim() === "") throw new FormProblem("noName");
  const { slot, verifier } = await recovery.slotFor(await vaultKeyToWrap(form));
  fill(form, "slot", JSON.stringify(slot));
  fill(form, "verifier", verifier);
});

if (whenLocked !== null) whenLocked.hidden = (await openVault()) !== null;
