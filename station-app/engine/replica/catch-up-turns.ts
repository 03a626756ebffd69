/** One shape's place among those that catch up. */
export type Turn = {
  /** Resolves when the shape may ask for more; rejects when `signal` is aborted. At once for whoever has the turn. */
  readonly take: (signal: AbortSignal | null | undefined) => Promise<void>;
  /** Something comes: whoever has the turn is at work. */
  readonly keep: () => void;
  /** Also for a shape that does not have it. */
  readonly giveBack: () => void;
};

/** A cloud that does not answer for one shape does not keep the others from theirs. */
const longestSilenceMs = 5000;

type Waiting = { readonly turn: Turn; readonly rank: number; readonly resume: () => void };

/**
 * Shapes with a row for every order catch up one after the other: each has answers in memory several times over while
 * they are parsed. The lowest rank goes first. A turn without a sign of life passes on.
 */
export function createCatchUpTurns(silenceMs = longestSilenceMs): (rank: number) => Turn {
  let holder: Turn | null = null;
  let silence: NodeJS.Timeout | undefined;
  const waiting = new Set<Waiting>();

  function passOn(): void {
    const [first] = [...waiting].toSorted((one, other) => one.rank - other.rank);
    holder = first?.turn ?? null;
    watchSilence();
    for (const one of [...waiting])
      if (one.turn === holder) {
        waiting.delete(one);
        one.resume();
      }
  }

  function watchSilence(): void {
    clearTimeout(silence);
    if (holder !== null) silence = setTimeout(passOn, silenceMs).unref();
  }

  function wait(turn: Turn, rank: number, signal: AbortSignal | null | undefined): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const entry = { turn, rank, resume: resolve };
    const leave = (): void => {
      waiting.delete(entry);
      reject(signal?.reason as Error);
    };
    waiting.add(entry);
    signal?.addEventListener("abort", leave, { once: true });
    return promise.finally(() => signal?.removeEventListener("abort", leave));
  }

  return (rank) => {
    const turn: Turn = {
      async take(signal) {
        signal?.throwIfAborted();
        holder ??= turn;
        if (holder !== turn) await wait(turn, rank, signal);
        turn.keep();
      },
      keep(): void {
        if (holder === turn) watchSilence();
      },
      giveBack(): void {
        if (holder === turn) passOn();
      },
    };
    return turn;
  };
}

/** For shapes of few rows, which wait for nobody. */
export const noTurn: Turn = {
  take: () => Promise.resolve(),
  keep: () => undefined,
  giveBack: () => undefined,
};
