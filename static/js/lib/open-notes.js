/*
 * The ways to open the notes in this browser. Each rejects with a NotOpened whose `word` names the
 * sentence, or with what lib/api.js throws. Tabs of one browser tell each other.
 */

import { MalformedData, MistypedKey, WrongKey } from "../crypto/errors.js";
import { deriveMaster, deriveWrapKey, hasWebCrypto } from "../crypto/kdf.js";
import { parsePasswordSlot } from "../crypto/keyslot.js";
import { readOpen } from "./key-store.js";
import { NotKept, fetchSlots, lockVault, openVault, openWith } from "./open-vault.js";

const TABS = "BroadcastChannel" in globalThis ? new BroadcastChannel("authnode-notes") : null;

export class NotOpened extends Error {
  constructor(word, options) {
    super(word, options);
    this.name = new.target.name;
    this.word = word;
  }
}

/* Answers whether the notes are open, without a request where they cannot be. */
export async function areOpen() {
  if (!hasWebCrypto() || (await readOpen()) === null) return false;
  return (await openVault()) !== null;
}

export async function openWithPassword(password) {
  const slot = await slotOf("password");
  const { salt, iterations } = parsePasswordSlot(slot);
  const wrapKey = await deriveWrapKey(await deriveMaster(password, salt, iterations));
  await opened({ wrapKey, kind: "password" }, "wrongPassword");
}

export async function openWithRecoveryKey(text) {
  await slotOf("recovery");
  const { deriveRecoveryWrapKey, parseRecoveryKey } = await import("../crypto/recovery.js");
  const wrapKey = await deriveRecoveryWrapKey(await readKey(parseRecoveryKey, text));
  await opened({ wrapKey, kind: "recovery" }, "wrongRecovery");
}

export async function openWithPasskey() {
  await slotOf("passkey");
  const { PRF_INPUT, deriveWrapKeyFromPrf } = await import("../crypto/prf.js");
  const { getPasskey, knowsPasskeys, localRequest } = await import("./webauthn.js");
  if (!knowsPasskeys()) throw new NotOpened("noPrf");
  // Nobody verifies this answer, and nothing of it is sent: it is asked for its key alone.
  const { publicKey } = localRequest();
  const result = await evaluated(() =>
    getPasskey({ publicKey: { ...publicKey, userVerification: "required" } }, { prfInput: PRF_INPUT }),
  );
  if (result === null) throw new NotOpened("noPrf");
  await opened({ wrapKey: await deriveWrapKeyFromPrf(result), kind: "passkey" }, "wrongPasskey");
}

export async function lockNotes() {
  await lockVault();
  tell("locked");
}

/* Calls `listener("opened" or "locked")` for this tab and all others. */
export function onNotesChange(listener) {
  document.addEventListener("notes:changed", ({ detail }) => listener(detail));
  TABS?.addEventListener("message", ({ data }) => listener(data));
}

export function tell(state) {
  document.dispatchEvent(new CustomEvent("notes:changed", { detail: state }));
  TABS?.postMessage(state);
}

async function slotOf(kind) {
  if (!hasWebCrypto()) throw new NotOpened("noCrypto");
  const { vaultKeyId, slots } = await fetchSlots();
  if (vaultKeyId === null) throw new NotOpened("noKey");
  const found = slots.find((each) => each.kind === kind && each.slot.vault_key_id === vaultKeyId);
  if (found === undefined) throw new NotOpened("noSlot");
  return found.slot;
}

async function opened(key, wrong) {
  try {
    await openWith(key);
  } catch (error) {
    if (error instanceof WrongKey) throw new NotOpened(wrong, { cause: error });
    if (error instanceof NotKept) throw new NotOpened(error.isFull ? "quota" : "notKept", { cause: error });
    throw error;
  }
  tell("opened");
}

async function readKey(parse, text) {
  try {
    return await parse(text);
  } catch (error) {
    if (error instanceof MistypedKey || error instanceof MalformedData) {
      throw new NotOpened("mistyped", { cause: error });
    }
    throw error;
  }
}

async function evaluated(ask) {
  try {
    return (await ask()).prfResult;
  } catch (error) {
    throw new NotOpened("cancelled", { cause: error });
  }
}
