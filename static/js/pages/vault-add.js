// Adding: pictures are sent as they come, and a secret shows its code while it is typed.
import { bindLivePreview } from "../behaviours/live-preview.js";
import { bindPastePicture } from "../behaviours/paste-picture.js";

bindPastePicture();
bindLivePreview();
