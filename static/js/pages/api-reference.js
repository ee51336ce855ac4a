// The API's documentation: each operation can be tried out. What comes back is shown as text.

const page = document.querySelector("[data-api-reference]");
if (page) {
  for (const form of page.querySelectorAll("[data-try]")) bind(form);
  openTarget();
  window.addEventListener("hashchange", openTarget);
}

function bind(form) {
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = form.querySelector("button");
    const answer = form.querySelector("[data-answer]");
    button.disabled = true;
    answer.hidden = false;
    fill(answer, "…", "", page.dataset.sending);
    try {
      await send(form, answer);
    } catch {
      fill(answer, "–", "", page.dataset.unreachable);
    } finally {
      button.disabled = false;
    }
  });
}

async function send(form, answer) {
  const response = await fetch(addressOf(form), {
    method: form.dataset.try,
    headers: headersOf(form),
    body: form.elements.body?.value,
    // A token's request carries no cookie, as it would from a script.
    credentials: form.dataset.opens === "session" ? "same-origin" : "omit",
    cache: "no-store",
    redirect: "error",
  });
  const kind = (response.headers.get("Content-Type") ?? "").split(";")[0];
  fill(answer, response.status, kind, tidy(kind, await response.text()));
  answer.querySelector("pre").focus();
}

function addressOf(form) {
  const fields = [...form.elements].filter((field) => field.dataset.where);
  let path = form.dataset.path;
  const query = new URLSearchParams();
  for (const { name, value, dataset } of fields) {
    if (dataset.where === "path") path = path.replace(`{${name}}`, encodeURIComponent(value));
    else if (value !== "") query.set(name, value);
  }
  const root = page.dataset.root ?? "";
  return query.size > 0 ? `${root}${path}?${query}` : `${root}${path}`;
}

function headersOf(form) {
  const headers = { Accept: "application/json" };
  if (form.elements.body) headers["Content-Type"] = "application/json";
  if (form.dataset.opens === "token") {
    const token = page.querySelector("[data-try-token]").value.trim();
    headers.Authorization = `Bearer ${token}`;
  } else if (form.dataset.try === "POST") {
    headers["X-CSRFToken"] = page.dataset.csrf;
  }
  return headers;
}

function tidy(kind, text) {
  if (!kind.endsWith("json")) return text;
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return text;
  }
}

function fill(answer, status, kind, text) {
  answer.querySelector("[data-status]").textContent = status;
  answer.querySelector("[data-media-type]").textContent = kind;
  answer.querySelector("[data-content]").textContent = text;
}

/* A link to an operation opens it. */
function openTarget() {
  const target = document.getElementById(location.hash.slice(1));
  target?.querySelector("details")?.setAttribute("open", "");
}
