/** Reads the console's routes with the admin token; the token lives for this tab only and never in an address that is sent. */

export class Refused extends Error {}

const tokenKey = "waystation.admin-token";

/** From the address's fragment, which no server sees, or from before a reload. */
export function takeToken(): string | null {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given !== null) {
    sessionStorage.setItem(tokenKey, given);
    history.replaceState(null, "", location.pathname);
  }
  return given ?? sessionStorage.getItem(tokenKey);
}

export const keepToken = (token: string): void => sessionStorage.setItem(tokenKey, token);

export async function read<T>(token: string, path: string, signal: AbortSignal): Promise<T> {
  const response = await open(token, path, signal);
  return (await response.json()) as T;
}

async function open(token: string, path: string, signal: AbortSignal): Promise<Response> {
  const response = await fetch(path, { headers: { authorization: `Bearer ${token}` }, signal });
  if (response.status === 401 || response.status === 403) throw new Refused("the token is not known");
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return response;
}

const retryMs = { first: 500, longest: 10_000 };

/** Calls `onChange` whenever something in the database changed, for as long as the signal lets it; reconnects by itself. */
export async function followChanges(
  token: string,
  listener: { onChange: () => void; onLive: (live: boolean) => void },
  signal: AbortSignal,
): Promise<void> {
  let waitMs = retryMs.first;
  while (!signal.aborted) {
    try {
      const response = await open(token, "/v1/console/changes", signal);
      listener.onLive(true);
      // What changed while nobody listened.
      listener.onChange();
      waitMs = retryMs.first;
      await readEvents(response, listener.onChange);
    } catch (error) {
      if (error instanceof Refused) return listener.onLive(false);
    }
    listener.onLive(false);
    await new Promise((resolve) => setTimeout(resolve, waitMs));
    waitMs = Math.min(waitMs * 2, retryMs.longest);
  }
}

/** EventSource cannot bear a token, so the stream is read here: only the event's name matters. */
async function readEvents(response: Response, onChange: () => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
    const lines = (rest + part.value).split("\n");
    rest = (lines.pop() ?? "").slice(-1000);
    if (lines.some((line) => line.trim() === "event: change")) onChange();
  }
}
