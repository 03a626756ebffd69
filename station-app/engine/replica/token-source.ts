export type TokenSource = ReturnType<typeof createTokenSource>;

/** A refused token is tried once more after this: it may have been the cloud's mistake. */
const tryRefusedAgainMs = 60_000;

/** The station's token as the edge last sent it; whoever asks while there is none, or only a refused one, waits for the next. */
export function createTokenSource(first: string | null, onRefused: () => void) {
  let token = first;
  let refused = false;
  const waiting = new Set<() => void>();

  function wake(): void {
    for (const resume of waiting) resume();
    waiting.clear();
  }

  function waitForNext(): Promise<void> {
    return new Promise((resolve) => {
      waiting.add(resolve);
      if (refused) setTimeout(takeRefused, tryRefusedAgainMs).unref();
    });
  }

  function takeRefused(): void {
    refused = false;
    wake();
  }

  return {
    set(next: string): void {
      token = next;
      refused = false;
      wake();
    },
    /** The cloud answered 401 to `authorization`. A token that was replaced meanwhile is not meant. */
    refuse(authorization: string | null): void {
      if (refused || token === null || (authorization !== null && authorization !== `Bearer ${token}`))
        return;
      refused = true;
      onRefused();
    },
    async authorization(): Promise<string> {
      while (token === null || refused) await waitForNext();
      return `Bearer ${token}`;
    },
  };
}
