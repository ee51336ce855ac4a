/*
 * Requests to this site's own JSON addresses. Answers the decoded body, or throws an ApiRefusal
 * whose class says what to do next. Nothing is sent to another origin: the CSRF token goes along.
 */

const TIMEOUT_MS = 20_000;
const SAFE_METHODS = ["GET", "HEAD"];

export class ApiRefusal extends Error {
  constructor(message, { status = 0, body = null, retryAfter = null, cause } = {}) {
    super(message, { cause });
    this.name = new.target.name;
    this.status = status;
    this.body = body;
    this.retryAfter = retryAfter;
  }
}

/* No answer: no network, no server, or none in time. */
export class Unreachable extends ApiRefusal {}

/* The session has ended, or asks for something on a page first. */
export class SignInNeeded extends ApiRefusal {}

/* `retryAfter` is in seconds, or null where the server names no time. */
export class TooManyRequests extends ApiRefusal {}

/* The server understood and says no; `body` is what it says. */
export class RequestRefused extends ApiRefusal {}

/* A fault on the server, or an answer that is not JSON. */
export class ServerFault extends ApiRefusal {}

/*
 * `body` is sent as JSON. `background` marks requests that nobody asked for, so that they do not
 * count as activity. `signal` aborts like in fetch.
 */
export async function request(address, options = {}) {
  const { method = "GET", body, background = false, signal } = options;
  const url = sameOrigin(address);
  const { response, text } = await exchange(url, {
    method,
    headers: headersFor({ method, body, background }),
    body: body === undefined ? undefined : JSON.stringify(body),
    credentials: "same-origin",
    cache: "no-store",
    redirect: "manual",
    signal: withTimeout(signal),
  });
  return read(response, text);
}

export function get(address, options = {}) {
  return request(address, { ...options, method: "GET" });
}

export function post(address, body, options = {}) {
  return request(address, { ...options, method: "POST", body });
}

/* Sends a file or other form parts instead of JSON. */
export async function postForm(address, form, { background = false, signal } = {}) {
  const { response, text } = await exchange(sameOrigin(address), {
    method: "POST",
    headers: headersFor({ method: "POST", body: undefined, background }),
    body: form,
    credentials: "same-origin",
    cache: "no-store",
    redirect: "manual",
    signal: withTimeout(signal),
  });
  return read(response, text);
}

export function csrfToken() {
  const input = document.querySelector("input[name=csrfmiddlewaretoken]");
  return input?.value ?? document.body.dataset.csrf ?? "";
}

function sameOrigin(address) {
  const url = new URL(address, document.baseURI);
  if (url.origin !== location.origin) throw new TypeError(`not this site: ${url.origin}`);
  return url;
}

function headersFor({ method, body, background }) {
  const headers = { Accept: "application/json" };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (!SAFE_METHODS.includes(method)) headers["X-CSRFToken"] = csrfToken();
  if (background) headers["X-Background"] = "1";
  return headers;
}

function withTimeout(signal) {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout]);
}

async function exchange(url, init) {
  try {
    const response = await fetch(url, init);
    return { response, text: await response.text() };
  } catch (error) {
    // What the caller stopped is the caller's own; only a silence is ours to name.
    if (error.name === "AbortError") throw error;
    throw new Unreachable("no answer", { cause: error });
  }
}

function read(response, text) {
  // A redirect is never followed: a page of HTML is no answer here, and it leads to a sign-in.
  if (response.type === "opaqueredirect") throw new SignInNeeded("redirected");
  const body = decode(response, text);
  if (response.ok) return body;
  throw refusal(response, body);
}

function decode(response, text) {
  if (response.status === 204) return null;
  const kind = (response.headers.get("Content-Type") ?? "").split(";")[0].trim();
  if (kind !== "application/json") {
    // Error pages may be HTML; their status says enough.
    if (!response.ok) return null;
    throw new ServerFault("not JSON", { status: response.status });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new ServerFault("broken JSON", { status: response.status, cause: error });
  }
}

function refusal(response, body) {
  const { status } = response;
  const seconds = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
  const retryAfter = Number.isNaN(seconds) ? null : seconds;
  const details = { status, body, retryAfter };
  if (status === 401) return new SignInNeeded("signed out", details);
  if (status === 429) return new TooManyRequests("too many", details);
  if (status >= 500) return new ServerFault("fault", details);
  return new RequestRefused("refused", details);
}
