// Speaks to /api/v1. Every address is relative, so the window also works below a prefix.

const ROOT = "api/v1/";

/** What the server answered instead of what was asked for; `message` is a sentence for a person. */
export class ApiError extends Error {
  constructor(status, message, detail) {
    super(message);
    this.status = status;
    this.detail = detail;
  }
}

/** `query` values may be lists; null, undefined and "" are left out. */
export function address(path, query = {}) {
  const asked = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value : [value]) {
      if (one !== null && one !== undefined && one !== "") asked.append(name, one);
    }
  }
  const text = asked.toString();
  return ROOT + path + (text ? `?${text}` : "");
}

export async function get(path, query, signal) {
  return understand(await reach(address(path, query), { signal }));
}

export async function post(path, body, signal) {
  return understand(
    await reach(ROOT + path, {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-Mitmeter": "1" },
      body: JSON.stringify(body),
      signal,
    }),
  );
}

/** All pages of a list, up to `most` items. */
export async function getAll(path, query, signal, most = 2000) {
  const items = [];
  let cursor;
  do {
    const page = await get(path, { ...query, cursor }, signal);
    items.push(...page.items);
    cursor = page.next;
  } while (cursor && items.length < most);
  return items;
}

/** A path part of any text. */
export function part(text) {
  return encodeURIComponent(text);
}

async function reach(url, options) {
  try {
    return await fetch(url, { credentials: "same-origin", ...options });
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new ApiError(0, "mitmeter does not answer. Is it still running?");
  }
}

async function understand(response) {
  if (response.status === 401) {
    location.replace("login");
    throw new ApiError(401, "Please sign in.");
  }
  const text = await response.text();
  let body = null;
  try {
    body = text ? JSON.parse(text) : null;
  } catch {
    body = null;
  }
  if (response.ok) return body;
  const said = typeof body?.error === "string" ? body.error : `The server answered ${response.status}.`;
  throw new ApiError(response.status, said, body?.detail);
}
