/*
 * [data-auto-lock]: asks the server how long the session lives, reports what a person does, warns,
 * and locks the page. The server decides; this makes it seen, in every tab at once.
 */
import { SignInNeeded, Unreachable, get, post } from "../lib/api.js";
import { keep, putBack, takeKept } from "../lib/kept-forms.js";
import { announceLock, forgetKeys, showLockScreen, veil } from "../lib/lock-page.js";
import { ALIVE, CHECK, LEFT, LOCKED, SessionChannel, onSessionAsked } from "../lib/session-channel.js";
import { pageLoad } from "../lib/server-clock.js";
import { LIVE, OVER, SessionClock, WARNING, moment } from "../lib/session-clock.js";
import { bindLockWarning } from "./lock-warning.js";

const TICK_MS = 1_000;
const BEAT_MS = 30_000;
// Another tab has just asked: its answer is as good.
const HEARD_LATELY_MS = 25_000;
const AGAIN_MS = 1_000;
const SIGNS = ["keydown", "mousemove", "pointerdown", "touchstart", "touchmove", "wheel"];

export function bindAutoLock() {
  const holder = document.querySelector("[data-auto-lock]");
  if (!holder) return;
  const clock = new SessionClock();
  const channel = new SessionChannel();
  const forms = [...document.querySelectorAll("form[data-keep]")];
  const place = { user: holder.dataset.user, page: location.pathname };
  let activeAt = null;
  let isOver = false;
  let isAsking = false;
  let isLocking = false;
  let reportAfterwards = null;
  let phase = LIVE;

  const warning = bindLockWarning(holder, { onStay: stay, onLock: lockNow });

  function take(answer, now = moment()) {
    clock.set(answer, now);
    tick();
  }

  // `idle` is how long ago a person did something; undefined only asks.
  async function ask(idle) {
    if (isOver || isLocking) return;
    if (isAsking) {
      reportAfterwards = idle ?? reportAfterwards;
      return;
    }
    isAsking = true;
    try {
      const answer = await exchange(idle);
      // The key was changed while this was on its way: the next request carries the new one.
      if (answer === null) setTimeout(ask, AGAIN_MS);
      else {
        take(answer);
        channel.tell(LEFT, answer);
      }
    } catch (error) {
      if (error instanceof SignInNeeded) lock({ tells: true });
      else if (error instanceof Unreachable && clock.phase(moment()) === OVER) lock({ isAway: true });
    } finally {
      isAsking = false;
    }
    veil(!isOver && clock.phase(moment()) === OVER);
    if (reportAfterwards === null) return;
    const report = reportAfterwards;
    reportAfterwards = null;
    ask(report);
  }

  async function exchange(idle) {
    try {
      return await request(idle);
    } catch (error) {
      if (!(error instanceof SignInNeeded)) throw error;
      // An answer to the cookie of before a sign-in elsewhere: asked once more with today's.
      return await request(undefined);
    }
  }

  function request(idle) {
    const address = holder.dataset.heartbeat;
    const options = { background: true };
    return idle === undefined ? get(address, options) : post(address, { idle: Math.round(idle) }, options);
  }

  function beat() {
    const now = moment();
    if (activeAt !== null) {
      const idle = now.wall - activeAt;
      activeAt = null;
      ask(Math.max(0, idle));
    } else if (clock.age(now) > HEARD_LATELY_MS) ask();
  }

  function tick() {
    if (isOver) return;
    const now = moment();
    const before = phase;
    phase = clock.phase(now);
    if (phase === WARNING) {
      if (before === LIVE) announceLock();
      warning.show(clock.left(now), clock.isFinal);
    } else warning.hide();
    if (phase === OVER) {
      // Blank first, then ask: another browser tab or window may have been used meanwhile.
      veil(true);
      ask();
    }
  }

  function stay() {
    activeAt = null;
    ask(0);
  }

  function noteSign(event) {
    if (!event.isTrusted || isHotKey(event)) return;
    activeAt = Date.now();
    if (phase === WARNING && warning.isAnswer(event)) stay();
  }

  async function lockNow() {
    if (isOver || isLocking) return;
    isLocking = true;
    veil(true);
    await announceLock();
    keep(forms, { ...place, wanted: true });
    try {
      await post(holder.dataset.lock, {}, { background: true });
      lock({ tells: true, isByHand: true });
    } catch (error) {
      lock({ tells: true, isByHand: true, isAway: error instanceof Unreachable });
    }
  }

  async function lock({ tells = false, isAway = false, isByHand = false } = {}) {
    if (isOver) return;
    isOver = true;
    const here = location.pathname + location.search;
    const link = `${holder.dataset.signIn}?next=${encodeURIComponent(here)}`;
    if (tells) channel.tell(LOCKED, { isByHand });
    keep(forms, { ...place, wanted: true });
    showLockScreen(holder, { link, isByHand });
    await forgetKeys();
    // Without a network the way to the sign-in stands on the screen; replaced, not left behind:
    // the Back button has nothing to show.
    if (!isAway && navigator.onLine) location.replace(link);
  }

  function hear({ kind, isByHand, ...answer }) {
    if (isOver) return;
    if (kind === LEFT) take(answer);
    else if (kind === LOCKED) lock({ isByHand });
    else if (kind === CHECK) ask();
  }

  for (const sign of SIGNS) {
    document.addEventListener(sign, noteSign, { capture: true, passive: true });
  }
  document.addEventListener("keydown", (event) => {
    if (!isHotKey(event)) return;
    event.preventDefault();
    lockNow();
  });
  document.addEventListener("submit", (event) => {
    if (event.target.matches("[data-lock-form]")) {
      event.preventDefault();
      lockNow();
    } else if (event.target.matches("[data-keep]")) keep(forms, { ...place, wanted: false });
  });
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) tick();
    if (!document.hidden && clock.age(moment()) > HEARD_LATELY_MS) ask();
  });
  window.addEventListener("online", () => ask());
  // Brought back by the Back button as it was left: shown only once the server agrees.
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted || isOver) return;
    veil(true);
    ask();
  });
  onSessionAsked(() => ask());
  channel.onMessage(hear);

  const atFirst = {
    remaining: Number(holder.dataset.remaining),
    lead: Number(holder.dataset.lead),
    final: "final" in holder.dataset,
  };
  take(atFirst, whenServed());
  channel.tell(ALIVE);
  channel.tell(LEFT, clock.toMessage(moment()));
  restoreForms(holder, forms, place);
  setInterval(tick, TICK_MS);
  setInterval(beat, BEAT_MS);
}

/* What the page says of the time left was true when its first byte came. */
function whenServed() {
  const now = moment();
  const age = Math.max(0, now.steady - pageLoad().received);
  return { steady: now.steady - age, wall: now.wall - age };
}

/* Alt+Shift+L, wherever the focus is: with two keys held it types no letter of anybody's. */
function isHotKey(event) {
  const isL = event.code === "KeyL" || event.key?.toLowerCase() === "l";
  return isL && event.altKey && event.shiftKey && !event.ctrlKey && !event.metaKey;
}

function restoreForms(holder, forms, place) {
  const kept = takeKept(place);
  if (kept === null) return;
  const isAny = forms.filter((form) => putBack(form, kept[form.dataset.keep] ?? {})).length > 0;
  if (!isAny) return;
  const notice = holder.querySelector("template[data-kept-notice]").content.cloneNode(true);
  document.querySelector("main").prepend(notice);
}
