import { connect, createServer, type Socket } from "node:net";
import pg from "pg";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type PostgresServer, postgresMissing, startPostgres } from "../test-support/postgres-server.ts";
import { until } from "../test-support/serve.ts";
import { present } from "../test-support/test-cloud.ts";
import { createChangeFeed } from "./change-feed.ts";
import { listenForChanges } from "./listen.ts";

const quick = { reconnectMs: 50, checkEveryMs: 100, checkWithinMs: 500 };

describe.skipIf(postgresMissing !== null)("listening to PostgreSQL", () => {
  let server: PostgresServer | null = null;
  let writer: pg.Client | null = null;
  beforeAll(async () => {
    server = await startPostgres();
    writer = new pg.Client({ connectionString: server.url });
    await writer.connect();
  }, 120_000);
  afterAll(async () => {
    await writer?.end();
    await server?.stop();
  });

  const listenerPids = async (): Promise<number[]> => {
    const { rows } = await present(writer).query<{ pid: number }>(
      "select pid from pg_stat_activity where query in ('listen waystation_changes', 'select 1')",
    );
    return rows.map(({ pid }) => pid);
  };
  const notify = (payload: string) =>
    present(writer).query("select pg_notify('waystation_changes', $1)", [payload]);

  function hear() {
    const heard: string[] = [];
    const feed = createChangeFeed();
    feed.subscribe((table) => heard.push(table));
    return { heard, feed };
  }

  test("a connection that was closed comes back, and everybody is told to look again", async () => {
    const { heard, feed } = hear();
    const listener = await listenForChanges(present(server).url, feed, quick);
    await notify("orders");
    await until(() => heard.includes("orders"), "the first notice");
    const [pid] = await listenerPids();
    await present(writer).query("select pg_terminate_backend($1)", [pid]);
    await until(() => heard.includes("*"), "the call to look again");
    await notify("releases");
    await until(() => heard.includes("releases"), "a notice over the new connection");
    expect(heard).toEqual(["orders", "*", "releases"]);
    await listener.stop();
    await until(async () => (await listenerPids()).length === 0, "the connection is gone");
  });

  test("a network that swallows everything is noticed without a word from it", async () => {
    const line = await openLine(present(server).url);
    const { heard, feed } = hear();
    const listener = await listenForChanges(line.url, feed, quick);
    line.swallow();
    await until(() => heard.includes("*"), "the call to look again");
    await notify("orders");
    await until(() => heard.includes("orders"), "a notice over the new connection");
    await listener.stop();
    await line.close();
  });

  test("a database that is away for long is asked once per wait, and a stop meanwhile leaves nothing behind", async () => {
    const line = await openLine(present(server).url);
    const { feed } = hear();
    const listener = await listenForChanges(line.url, feed, quick);
    line.refuse();
    const attempts = 12;
    const startedAt = performance.now();
    await until(() => line.refused() >= attempts, "some attempts");
    // Chains of attempts that each begin another one would have been here in a third of the time.
    expect(performance.now() - startedAt).toBeGreaterThan(quick.reconnectMs * (attempts - 2));
    await listener.stop();
    await line.close();
    await until(async () => (await listenerPids()).length === 0, "no connection is left");
  });

  test("a first attempt that fails is told, and not tried again", async () => {
    const line = await openLine(present(server).url);
    line.refuse();
    await expect(listenForChanges(line.url, createChangeFeed(), quick)).rejects.toThrow();
    expect(line.refused()).toBe(1);
    await line.close();
  });
});

/** A line to the database that can go silent, or refuse, without closing what it has. */
async function openLine(databaseUrl: string) {
  const folder = present(new URL(databaseUrl).searchParams.get("host"));
  const sockets = new Set<Socket>();
  let refusing = false;
  let refused = 0;
  let silent: readonly Socket[] = [];
  const server = createServer((near) => {
    sockets.add(near);
    near.on("error", () => undefined);
    if (refusing) {
      refused += 1;
      return near.destroy();
    }
    const far = connect(`${folder}/.s.PGSQL.5432`);
    sockets.add(far);
    far.on("error", () => undefined);
    const forward = (from: Socket, to: Socket): void => {
      from.on("data", (bytes) => !silent.includes(from) && to.write(bytes));
      from.on("close", () => !silent.includes(from) && to.destroy());
    };
    forward(near, far);
    forward(far, near);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return {
    url: `postgresql://waystation@127.0.0.1:${address.port}/postgres`,
    /** What is open now neither passes anything on nor closes. */
    swallow: (): void => {
      silent = [...sockets];
    },
    refuse: (): void => {
      refusing = true;
      for (const socket of sockets) socket.destroy();
    },
    refused: () => refused,
    close: async (): Promise<void> => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
