// Every page: bind the behaviours its markup asks for.
import { bindDialogs } from "../behaviours/dialog.js";
import { bindDismiss } from "../behaviours/dismiss.js";
import { bindDrawer } from "../behaviours/drawer.js";
import { bindFocusFirst } from "../behaviours/focus-first.js";
import { bindKeysHelp } from "../behaviours/keys-help.js";
import { bindLookChoice } from "../behaviours/look-choice.js";
import { bindMenus } from "../behaviours/menu.js";
import { registerOffline } from "../behaviours/offline.js";
import { bindNotesState } from "../behaviours/notes-state.js";
import { bindNotesToDo } from "../behaviours/notes-to-do.js";
import { bindOpenVault } from "../behaviours/open-vault.js";
import { bindReveal } from "../behaviours/reveal.js";
import { bindThemeChoice } from "../behaviours/theme-choice.js";
import { bindClipboardClearing } from "../lib/clipboard.js";

bindThemeChoice();
bindLookChoice();
bindClipboardClearing();
bindMenus();
bindDrawer();
bindDialogs();
bindDismiss();
bindKeysHelp();
bindReveal();
bindFocusFirst();
registerOffline();
bindNotesState({ ready: bindOpenVault() });
bindNotesToDo();
