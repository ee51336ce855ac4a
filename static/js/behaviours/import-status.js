// [data-import-status]: asks whether the file is open, and shows the next page then.
import { get, SignInNeeded } from "../lib/api.js";

const EVERY_MS = 1_000;
const RETRY_MS = 4_000;

export function bindImportStatus() {
  const panel = document.querySelector("[data-import-status]");
  if (!panel) return;

  async function look() {
    try {
      const { is_reading: isReading } = await get(panel.dataset.importStatus, { background: true });
      if (!isReading) return location.reload();
      setTimeout(look, EVERY_MS);
    } catch (error) {
      if (error instanceof SignInNeeded) return location.reload();
      setTimeout(look, RETRY_MS);
    }
  }

  setTimeout(look, EVERY_MS);
}
