/** How many signals count: npm passes Ctrl-C on although the terminal has sent it to everybody already. */
const sameKeyPressMs = 700;

const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export type StopRequest = {
  /** Aborts at the first request. */
  readonly signal: AbortSignal;
  /** Stops listening; signals then have their usual effect. */
  readonly dispose: () => void;
};

/** The first Ctrl-C (or SIGTERM, or the terminal closing) asks for an orderly end, a second one calls `onForce`. */
export function listenForStop(onForce: () => void): StopRequest {
  const asked = new AbortController();
  let firstAt = 0;
  const listener = () => {
    if (!asked.signal.aborted) {
      firstAt = performance.now();
      asked.abort();
    } else if (performance.now() - firstAt > sameKeyPressMs) onForce();
  };
  for (const name of signals) process.on(name, listener);
  return {
    signal: asked.signal,
    dispose: () => {
      for (const name of signals) process.off(name, listener);
    },
  };
}
