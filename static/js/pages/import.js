// Importing: files are sent as they come, a slow one is waited for, and a preview shows its codes.
import { bindDropFiles } from "../behaviours/drop-files.js";
import { bindImportCodes } from "../behaviours/import-codes.js";
import { bindImportStatus } from "../behaviours/import-status.js";

bindDropFiles();
bindImportStatus();
bindImportCodes();
