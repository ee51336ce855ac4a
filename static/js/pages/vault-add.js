// Adding: a camera is looked through, pictures are sent as they come, and a secret shows its code while it is typed.
import { bindCamera } from "../behaviours/camera.js";
import { bindLivePreview } from "../behaviours/live-preview.js";
import { bindPastePicture } from "../behaviours/paste-picture.js";

bindCamera();
bindPastePicture();
bindLivePreview();
