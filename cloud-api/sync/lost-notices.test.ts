import pg from "pg";
import { expect, test } from "vitest";
import { openDatabase, makeTestCloud } from "../test-support/test-cloud.ts";
import { postgresMissing, startPostgres } from "../test-support/postgres-server.ts";
import { until } from "../test-support/serve.ts";

test.skipIf(postgresMissing !== null)(
  "a held request hears of a change that was committed while the connection for notices was away",
  async () => {
    await using resources = new AsyncDisposableStack();
    const server = await startPostgres();
    resources.defer(server.stop);
    const database = await openDatabase({ kind: "postgres", url: server.url });
    resources.defer(database.close);
    const cloud = makeTestCloud(database, { longPollMs: 40_000 });
    const { headers } = await cloud.register("waiting");
    const ask = (query: string) => cloud.app.request(`/v1/shape?table=channels&${query}`, { headers });
    const start = await ask("offset=-1");
    const handle = start.headers.get("electric-handle");
    let answered = false;
    const live = Promise.resolve(ask(`live=true&offset=0_0&handle=${handle}`)).finally(
      () => (answered = true),
    );
    await until(
      async () => (await cloud.deps.metrics.render()).includes("shape_requests_held 1"),
      "it is held",
    );

    const other = new pg.Client({ connectionString: server.url });
    await other.connect();
    resources.defer(() => other.end());
    const { rows } = await other.query(
      "select pg_terminate_backend(pid) from pg_stat_activity where query = 'listen waystation_changes'",
    );
    expect(rows).toHaveLength(1);
    // Committed at once and long before the listener is back.
    await other.query(
      `insert into channels (tenant_id, code, version, body) values ('default', 'missed', 1, '{}')`,
    );
    expect(answered).toBe(false);
    const messages = (await (await live).json()) as { value?: { code: string } }[];
    expect(messages[0]?.value?.code).toBe("missed");
  },
  120_000,
);
