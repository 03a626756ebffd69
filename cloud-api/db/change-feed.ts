import type { CloudTables } from "./tables.ts";

export type ChangedTable = keyof CloudTables | "*";

/** `captured`: the change is in the shapes' log too. */
export type ChangeListener = (table: string, captured: boolean) => void;

/** Wakes whoever waits for a commit. It carries table names only: the data is read from the database. */
export type ChangeFeed = {
  /** Grows with every notice: a read keyed by it is never shared with a reader that woke later. */
  readonly version: () => number;
  /** A notice as the database sends it: a table, `=table` where the change was captured, or `*` for anything. */
  readonly announce: (notice: string) => void;
  readonly subscribe: (listener: ChangeListener) => () => void;
};

export function createChangeFeed(): ChangeFeed {
  const listeners = new Set<ChangeListener>();
  let version = 0;
  return {
    version: () => version,
    announce: (notice) => {
      version += 1;
      const captured = notice.startsWith("=") || notice === "*";
      const table = notice.startsWith("=") ? notice.slice(1) : notice;
      for (const listener of [...listeners]) listener(table, captured);
    },
    subscribe: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export type ChangeWatch = {
  /** Resolves at the first change since the watch was opened or last answered; false after the time. */
  readonly next: (timeoutMs: number) => Promise<boolean>;
  readonly close: () => void;
};

/** Open the watch first and read afterwards: a change between the two is then never missed. */
export function watchTables(feed: ChangeFeed, tables: readonly string[], signal: AbortSignal): ChangeWatch {
  let changed = false;
  let wake = (): void => undefined;
  const unsubscribe = feed.subscribe((table) => {
    if (table !== "*" && !tables.includes(table)) return;
    changed = true;
    wake();
  });
  const onAbort = (): void => wake();
  signal.addEventListener("abort", onAbort);

  const next = async (timeoutMs: number): Promise<boolean> => {
    if (!changed && !signal.aborted) await sleepUntilWoken(timeoutMs, (wakeUp) => (wake = wakeUp));
    const answer = changed;
    changed = false;
    return answer;
  };
  const close = (): void => {
    unsubscribe();
    signal.removeEventListener("abort", onAbort);
    wake();
  };
  return { next, close };
}

function sleepUntilWoken(timeoutMs: number, register: (wakeUp: () => void) => void): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, timeoutMs);
    register(() => {
      clearTimeout(timer);
      resolve();
    });
  });
}
