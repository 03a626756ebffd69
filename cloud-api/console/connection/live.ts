import type { CloudClient } from "./cloud-client.ts";
import type { CloudClock } from "./cloud-clock.ts";

/** The open line to the cloud: whether it stands, and word of every change there. Reconnects by itself. */
export type Live = {
  readonly isLive: () => boolean;
  readonly subscribe: (listener: () => void) => () => void;
  /** Called at every change, and whenever the line stands again: who knows what changed meanwhile. */
  readonly onChange: (listener: () => void) => () => void;
  /** Opens the line and keeps it open; what comes back closes it. */
  readonly start: () => () => void;
};

const waits = { firstMs: 500, longestMs: 10_000 };
/** The cloud says something every 15 s; a line that says nothing for so long is cut, whatever the system thinks. */
const silentMs = 40_000;

export function createLive(client: CloudClient, clock: CloudClock): Live {
  const listeners = new Set<() => void>();
  const changeListeners = new Set<() => void>();
  let live = false;
  const setLive = (value: boolean): void => {
    if (live === value) return;
    live = value;
    for (const listener of [...listeners]) listener();
  };
  const announce = (): void => {
    for (const listener of [...changeListeners]) listener();
  };

  const follow = async (closed: AbortSignal): Promise<boolean> => {
    const attempt = new AbortController();
    const signal = AbortSignal.any([attempt.signal, closed]);
    const onOffline = (): void => attempt.abort();
    addEventListener("offline", onOffline, { signal });
    const watchdog = createWatchdog(silentMs, () => attempt.abort());
    const opened = await client.openStream("/v1/console/changes", signal);
    if (opened.ok) {
      setLive(true);
      announce();
      await readEvents(opened.value, announce, () => {
        clock.noteContact();
        watchdog.feed();
      });
    }
    watchdog.stop();
    attempt.abort();
    setLive(false);
    return opened.ok;
  };

  const run = async (closed: AbortSignal): Promise<void> => {
    for (let waitMs = waits.firstMs; !closed.aborted; ) {
      const stood = await follow(closed);
      if (stood) waitMs = waits.firstMs;
      await sleepUntilOnline(waitMs, closed);
      waitMs = Math.min(waitMs * 2, waits.longestMs);
    }
  };
  return {
    isLive: () => live,
    subscribe: (listener) => subscribeTo(listeners, listener),
    onChange: (listener) => subscribeTo(changeListeners, listener),
    start: () => {
      const closed = new AbortController();
      void run(closed.signal);
      return () => closed.abort();
    },
  };
}

function subscribeTo(listeners: Set<() => void>, listener: () => void): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** EventSource cannot bear a token, so the stream is read here: only the event's name matters. */
async function readEvents(response: Response, onChange: () => void, onWord: () => void): Promise<void> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      onWord();
      const lines = (rest + part.value).split("\n");
      rest = (lines.pop() ?? "").slice(-1000);
      if (lines.some((line) => line.trim() === "event: change")) onChange();
    }
  } catch {
    // A cut line is no failure here: it is opened again.
  }
}

function createWatchdog(timeoutMs: number, bite: () => void): { feed: () => void; stop: () => void } {
  let timer = setTimeout(bite, timeoutMs);
  return {
    feed: () => {
      clearTimeout(timer);
      timer = setTimeout(bite, timeoutMs);
    },
    stop: () => clearTimeout(timer),
  };
}

/** A network that is back is tried at once. */
function sleepUntilOnline(timeoutMs: number, closed: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = new AbortController();
    const wake = (): void => {
      clearTimeout(timer);
      done.abort();
      resolve();
    };
    const timer = setTimeout(wake, timeoutMs);
    addEventListener("online", wake, { signal: done.signal });
    closed.addEventListener("abort", wake, { signal: done.signal });
  });
}
