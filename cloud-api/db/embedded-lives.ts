import { setTimeout as sleep } from "node:timers/promises";
import type { PGlite } from "@electric-sql/pglite";
import { explainTrouble } from "./explain-trouble.ts";

/**
 * Where PostgreSQL would end all its processes, for it could not write its log, the embedded one goes on with its locks
 * held: the next commit waits for them for ever, and the whole process with it. So after a PANIC it is never spoken to
 * again; another one is opened over the same files, and recovers as after any death.
 */
export type EmbeddedLives = {
  /** The database as it lives now; throws while it is away, and to whoever began in another life. */
  readonly database: (begunIn: number) => PGlite;
  /** How often it was opened again. */
  readonly life: () => number;
  readonly breakOff: (cause: unknown) => void;
  /** Closes the database, or ends trying to open it again. */
  readonly close: () => Promise<void>;
};

export type LivesOptions = {
  /** Over the same files as before, and listening as before; rejects as long as that cannot be. */
  readonly reopen: () => Promise<PGlite>;
  /** The database broke off, or could not be opened again yet. */
  readonly onBreak: (error: unknown) => void;
  readonly onLife: () => void;
};

const reopenAfterMs = { first: 500, longest: 10_000 };

export function keepOpen(first: PGlite, { reopen, onBreak, onLife }: LivesOptions): EmbeddedLives {
  const closing = new AbortController();
  let pglite = first;
  let broken: Error | null = null;
  let lives = 0;

  async function renew(): Promise<void> {
    for (let waitMs = reopenAfterMs.first; ; waitMs = Math.min(waitMs * 2, reopenAfterMs.longest)) {
      await sleep(waitMs, undefined, { signal: closing.signal, ref: false }).catch(() => undefined);
      if (closing.signal.aborted) return;
      try {
        pglite = await reopen();
        break;
      } catch (error) {
        onBreak(error);
      }
    }
    broken = null;
    lives += 1;
    if (closing.signal.aborted) await pglite.close();
    else onLife();
  }

  return {
    database(begunIn) {
      if (broken !== null) throw broken;
      if (begunIn !== lives) throw away("the embedded database broke off in the middle of a transaction");
      if (pglite.closed) throw new Error("the embedded database is closed");
      return pglite;
    },
    life: () => lives,
    breakOff(cause) {
      if (broken !== null || closing.signal.aborted) return;
      const isKnown = cause instanceof Error && explainTrouble(cause) !== null;
      broken = isKnown ? cause : away("the embedded database broke off", cause);
      onBreak(cause);
      void renew();
    },
    async close() {
      closing.abort();
      if (broken === null) await pglite.close();
    },
  };
}

/** As PostgreSQL says it while it recovers: it passes by itself. */
const away = (message: string, cause?: unknown): Error =>
  Object.assign(new Error(message, { cause }), { code: "57P03" });
