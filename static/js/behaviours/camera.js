// dialog[data-camera]: frames of the camera are looked through until they hold a second factor.
import { postForm, SignInNeeded } from "../lib/api.js";
import { Collected } from "../lib/collected.js";

const PAUSE_MS = 300;
const AFTER_SILENCE_MS = 2000;
// Enough for an export of ten accounts held at arm's length.
const LONGEST_SIDE = 1280;

// Names that browsers give their refusals, and the sentence of the dialog for each.
const REFUSALS = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", OverconstrainedError: "none", NotReadableError: "busy", AbortError: "busy" };

export function bindCamera() {
  const dialog = document.querySelector("dialog[data-camera]");
  const opener = document.querySelector("[data-camera-open]");
  if (!dialog || !opener) return;
  const scan = new Scan(dialog);
  opener.addEventListener("click", () => {
    dialog.showModal();
    scan.start();
  });
  // The page of a new user leads right here.
  if (location.hash === "#camera") opener.click();
  dialog.querySelector("[data-camera-again]").addEventListener("click", () => scan.start());
  dialog.querySelector("[data-camera-done]").addEventListener("click", () => scan.handIn());
  // Escape, Cancel and leaving all end here: a camera must not go on unseen.
  dialog.addEventListener("close", () => scan.stop());
  window.addEventListener("pagehide", () => dialog.close());
  document.addEventListener("visibilitychange", () => {
    if (document.hidden && dialog.open) scan.pause("off");
  });
}

class Scan {
  #dialog;
  #video;
  #stream = null;
  #run = 0;
  #collected = new Collected();

  constructor(dialog) {
    this.#dialog = dialog;
    this.#video = dialog.querySelector("video");
  }

  async start() {
    this.stop();
    const run = ++this.#run;
    this.#say("starting");
    this.#show("again", false);
    if (!navigator.mediaDevices?.getUserMedia) return this.pause(window.isSecureContext ? "none" : "insecure");
    try {
      const stream = await navigator.mediaDevices.getUserMedia({ audio: false, video: { facingMode: "environment", width: { ideal: 1280 } } });
      // Closed while the browser was still asking.
      if (run !== this.#run) return endTracks(stream);
      this.#stream = stream;
      stream.getVideoTracks()[0].addEventListener("ended", () => this.pause("off"));
      this.#video.srcObject = stream;
      await this.#video.play();
    } catch (error) {
      if (run === this.#run) this.pause(REFUSALS[error.name] ?? "none");
      return;
    }
    this.#dialog.querySelector("[data-camera-view]").hidden = false;
    this.#say("looking");
    this.#look(run);
  }

  stop() {
    this.#run += 1;
    endTracks(this.#stream);
    this.#stream = null;
    this.#video.srcObject = null;
    this.#dialog.querySelector("[data-camera-view]").hidden = true;
    this.#collected = new Collected();
    this.#show("done", false);
  }

  /* The camera is off and the dialog says why. */
  pause(reason) {
    const kept = this.#collected;
    this.stop();
    this.#collected = kept;
    this.#show("done", !kept.isEmpty);
    this.#say(reason);
    this.#show("again", reason !== "insecure");
  }

  handIn() {
    const text = document.querySelector("#id_text");
    text.value = this.#collected.text;
    this.#say("found");
    text.form.requestSubmit();
    endTracks(this.#stream);
  }

  async #look(run) {
    const eye = await makeEye(this.#video);
    while (run === this.#run) {
      const pause = await this.#lookOnce(eye, run);
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }

  async #lookOnce(eye, run) {
    const frame = await eye();
    if (!frame || run !== this.#run) return PAUSE_MS;
    const form = new FormData();
    form.set("frame", frame, "frame.jpg");
    try {
      const answer = await postForm(this.#dialog.dataset.camera, form, { background: true });
      if (run === this.#run) this.#take(answer?.codes ?? []);
      return PAUSE_MS;
    } catch (error) {
      if (run !== this.#run) return PAUSE_MS;
      if (error instanceof SignInNeeded) this.pause("stopped");
      else this.#say("away");
      return AFTER_SILENCE_MS;
    }
  }

  #take(codes) {
    if (codes.length === 0) return;
    for (const code of codes) this.#collected.add(code);
    if (this.#collected.isEmpty) return this.#say("other");
    if (this.#collected.isComplete) {
      this.#run += 1;
      return this.handIn();
    }
    this.#show("done", true);
    const { part, parts } = this.#collected.last;
    this.#say("part", part, parts);
  }

  #say(name, ...values) {
    const key = `text${name[0].toUpperCase()}${name.slice(1)}`;
    const sentence = values.reduce((words, value, place) => words.replace(`%${place + 1}`, value), this.#dialog.dataset[key]);
    const status = this.#dialog.querySelector("[data-camera-status]");
    if (status.textContent !== sentence) status.textContent = sentence;
  }

  #show(name, isShown) {
    this.#dialog.querySelector(`[data-camera-${name}]`).hidden = !isShown;
  }
}

/* A function that answers the next frame worth sending as JPEG, or null. */
async function makeEye(video) {
  const detector = await makeDetector();
  const canvas = document.createElement("canvas");
  return async () => {
    const { videoWidth: width, videoHeight: height } = video;
    if (!width || !height) return null;
    // Where the browser reads QR codes by itself, frames without one stay here.
    if (detector && (await detector.detect(video).catch(() => [null])).length === 0) return null;
    const scale = Math.min(1, LONGEST_SIDE / Math.max(width, height));
    canvas.width = Math.round(width * scale);
    canvas.height = Math.round(height * scale);
    canvas.getContext("2d").drawImage(video, 0, 0, canvas.width, canvas.height);
    return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", 0.85));
  };
}

async function makeDetector() {
  if (!("BarcodeDetector" in window)) return null;
  const kinds = await BarcodeDetector.getSupportedFormats().catch(() => []);
  return kinds.includes("qr_code") ? new BarcodeDetector({ formats: ["qr_code"] }) : null;
}

function endTracks(stream) {
  for (const track of stream?.getTracks() ?? []) track.stop();
}
