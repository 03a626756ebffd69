import pg from "pg";
import type { ChangeFeed } from "./change-feed.ts";

export type ChangeListener = { readonly stop: () => Promise<void> };

const reconnectMs = 1000;

/**
 * One connection of its own, since a pooled one forgets LISTEN. While it is away changes go unheard, so after
 * a reconnect everybody is told to look again.
 */
export async function listenForChanges(url: string, feed: ChangeFeed): Promise<ChangeListener> {
  let stopped = false;
  let client = await connect();

  async function connect(): Promise<pg.Client> {
    const fresh = new pg.Client({ connectionString: url, keepAlive: true });
    fresh.on("notification", (notice) => feed.announce(notice.payload ?? "*"));
    fresh.on("error", () => undefined);
    fresh.once("end", () => {
      if (!stopped) setTimeout(() => void reconnect(), reconnectMs).unref();
    });
    await fresh.connect();
    await fresh.query("listen waystation_changes");
    return fresh;
  }

  async function reconnect(): Promise<void> {
    if (stopped) return;
    try {
      client = await connect();
      // Stopped while it connected: nobody else would close this one.
      if (stopped) {
        await client.end();
        return;
      }
      feed.announce("*");
    } catch {
      setTimeout(() => void reconnect(), reconnectMs).unref();
    }
  }

  return {
    stop: async () => {
      stopped = true;
      await client.end();
    },
  };
}
