import { setTimeout as sleep } from "node:timers/promises";
import pg from "pg";
import type { ChangeFeed } from "./change-feed.ts";

export type ChangeListener = { readonly stop: () => Promise<void> };

export type ListenTimes = {
  readonly reconnectMs: number;
  /** How often the connection has to show that it still hears, and how long it may take. */
  readonly checkEveryMs: number;
  readonly checkWithinMs: number;
};

const usualTimes: ListenTimes = { reconnectMs: 1000, checkEveryMs: 15_000, checkWithinMs: 10_000 };
/** A goodbye that nobody answers does not hold up a stop. */
const endWithinMs = 2000;

/**
 * One connection of its own, since a pooled one forgets LISTEN. While it is away changes go unheard, so after
 * a reconnect everybody is told to look again. A network that swallows everything closes no connection, and
 * whoever only listens would wait for ever: so it is asked now and then. Rejects when the first attempt fails.
 */
export async function listenForChanges(
  url: string,
  feed: ChangeFeed,
  times: ListenTimes = usualTimes,
): Promise<ChangeListener> {
  const stopping = new AbortController();
  let line = await connect(url, feed, times);
  const kept = keep();

  async function keep(): Promise<void> {
    while (!stopping.signal.aborted) {
      await untilLost(line, times);
      const next = await reconnect();
      if (next === null) return;
      line = next;
      feed.announce("*");
    }
  }

  /** Null: stopped. */
  async function reconnect(): Promise<Line | null> {
    while (!stopping.signal.aborted) {
      await sleep(times.reconnectMs, undefined, { signal: stopping.signal, ref: false }).catch(
        () => undefined,
      );
      if (stopping.signal.aborted) return null;
      const fresh = await connect(url, feed, times).catch(() => null);
      if (fresh === null) continue;
      if (!stopping.signal.aborted) return fresh;
      // Stopped while it connected: nobody else would close this one.
      await endWithin(fresh.client);
    }
    return null;
  }

  return {
    stop: async () => {
      stopping.abort();
      await endWithin(line.client);
      await kept;
    },
  };
}

type Line = { readonly client: pg.Client; readonly lost: Promise<void> };

async function connect(url: string, feed: ChangeFeed, { checkWithinMs }: ListenTimes): Promise<Line> {
  const client = new pg.Client({
    connectionString: url,
    keepAlive: true,
    connectionTimeoutMillis: checkWithinMs,
    query_timeout: checkWithinMs,
  });
  client.on("notification", (notice) => feed.announce(notice.payload ?? "*"));
  // Unheard, it would end the process; the end of the connection is what counts.
  client.on("error", () => undefined);
  const lost = new Promise<void>((resolve) => client.once("end", () => resolve()));
  try {
    await client.connect();
    await client.query("listen waystation_changes");
    return { client, lost };
  } catch (error) {
    // Not waited for: what never was a connection may not say when it ends.
    void endWithin(client);
    throw error;
  }
}

async function untilLost({ client, lost }: Line, { checkEveryMs }: ListenTimes): Promise<void> {
  let asking = false;
  const checking = setInterval(() => {
    if (asking) return;
    asking = true;
    client
      .query("select 1")
      .catch(() => endWithin(client))
      .finally(() => (asking = false));
  }, checkEveryMs).unref();
  try {
    await lost;
  } finally {
    clearInterval(checking);
  }
}

async function endWithin(client: pg.Client): Promise<void> {
  await Promise.race([client.end(), sleep(endWithinMs, undefined, { ref: false })]);
}
