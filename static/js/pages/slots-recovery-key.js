/*
 * The notes recovery key on a page: made and shown here, and counted only once two of its groups
 * were typed back from paper. The server sees the slot and the proof.
 */

import { wipe } from "../crypto/bytes.js";
import { wrapVaultKey } from "../crypto/keyslot.js";
import {
  GROUPS,
  deriveRecoveryProof,
  deriveRecoveryWrapKey,
  formatRecoveryKey,
  makeRecoveryKey,
  tidyRecoveryText,
} from "../crypto/recovery.js";
import { FormProblem } from "../lib/password-form.js";

export function bindRecoveryKey(place) {
  const part = (name) => place.querySelector(`[data-recovery-${name}]`);
  const [start, sheet, ask] = [part("start"), part("sheet"), part("ask")];
  const inputs = [...place.querySelectorAll("[data-recovery-group]")];
  const labels = [...place.querySelectorAll("[data-recovery-label]")];
  let key = null;
  let groups = [];
  let asked = [];

  function show(shown) {
    for (const each of [start, sheet, ask]) each.hidden = each !== shown;
  }

  function showSheet() {
    part("groups").replaceChildren(...groups.map(listItem));
    show(sheet);
    part("heading").focus();
  }

  async function make() {
    key = makeRecoveryKey();
    groups = (await formatRecoveryKey(key)).split("-");
    showSheet();
  }

  function askBack() {
    asked = twoOf(GROUPS);
    labels.forEach((label, at) => {
      label.textContent = label.dataset.text.replace("{number}", String(asked[at] + 1));
      inputs[at].value = "";
    });
    part("right").hidden = true;
    // The key leaves the page, so that it has to come from the paper.
    part("groups").replaceChildren();
    show(ask);
    inputs[0].focus();
  }

  function isRight(at) {
    return isGroup(inputs[at].value, groups[asked[at]]);
  }

  function showRight() {
    part("right").hidden = !inputs.every((_, at) => isRight(at));
  }

  async function copy({ currentTarget: button }) {
    await navigator.clipboard.writeText(groups.join("-"));
    button.textContent = button.dataset.copied;
  }

  part("make").addEventListener("click", make);
  part("print").addEventListener("click", () => window.print());
  part("copy").addEventListener("click", copy);
  part("written").addEventListener("click", askBack);
  part("again").addEventListener("click", showSheet);
  for (const input of inputs) input.addEventListener("input", showRight);

  return {
    isStarted: () => key !== null,
    /* Throws a FormProblem until both groups were typed back. */
    check() {
      if (key === null || ask.hidden) throw new FormProblem("notShown");
      inputs.forEach((input) => clearProblem(input));
      const wrong = inputs.findIndex((_, at) => !isRight(at));
      if (wrong >= 0) throw new FormProblem("wrongGroup", inputs[wrong]);
    },
    /* {slot, verifier} for a vault key; the raw key is wiped, and `check` has passed before. */
    async slotFor({ vaultKey, vaultKeyId, userId }) {
      const wrapKey = await deriveRecoveryWrapKey(key);
      const verifier = await deriveRecoveryProof(key);
      const slotId = crypto.randomUUID();
      const context = { userId, vaultKeyId, kind: "recovery", slotId };
      const slot = await wrapVaultKey({ wrapKey, vaultKey, context });
      wipe(key);
      return { slot, verifier };
    },
  };
}

function listItem(group) {
  const item = document.createElement("li");
  item.textContent = group;
  return item;
}

function isGroup(typed, group) {
  try {
    return tidyRecoveryText(typed) === group;
  } catch {
    return false;
  }
}

function clearProblem(input) {
  document.getElementById(`${input.id}_error`).hidden = true;
  input.removeAttribute("aria-invalid");
  input.closest(".field").classList.remove("field-invalid");
}

/* Two places of `count`, in order, chosen evenly enough for a memory test. */
function twoOf(count) {
  const [one, other] = crypto.getRandomValues(new Uint32Array(2));
  const first = one % count;
  const second = (first + 1 + (other % (count - 1))) % count;
  return [first, second].sort((left, right) => left - right);
}
