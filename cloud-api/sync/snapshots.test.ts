import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { sql } from "kysely";
import { expect, test } from "vitest";
import { until } from "../test-support/serve.ts";
import { describeOnEachDatabase, present, type TestCloud } from "../test-support/test-cloud.ts";
import { readOffset } from "./log-position.ts";
import type { ShapeDefinition } from "./shape-definition.ts";
import { defineStationShape, tableOf } from "./shape-definitions.ts";
import {
  defaultShapeOptions,
  type ShapeServer,
  type ShapeServerOptions,
  startShapeServer,
} from "./shape-server.ts";
import { withoutTables } from "./untyped-database.ts";

const chunkBytes = 20_000;
const chunksPerHub = 10;
/** Each a message of a little over two hundred bytes. */
const rowsPerHub = (chunkBytes * chunksPerHub) / 200;
const tenantId = "default";

type Shapes = {
  readonly server: ShapeServer;
  readonly folder: string;
  readonly spooled: () => number;
  readonly define: (hubId: string) => Promise<ShapeDefinition>;
};

async function withShapes(
  { database }: TestCloud,
  options: Partial<ShapeServerOptions>,
  check: (shapes: Shapes) => Promise<void>,
): Promise<void> {
  await using resources = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), "waystation-spool-"));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  let spooled = 0;
  const server = await startShapeServer(
    { kysely: withoutTables(database.kysely), changes: database.changes },
    {
      ...defaultShapeOptions,
      longPollMs: 50,
      chunkBytes,
      spoolFolder: folder,
      onSpooled: (bytes) => (spooled = bytes),
      ...options,
    },
  );
  resources.defer(server.stop);
  const define = async (hubId: string): Promise<ShapeDefinition> => {
    const known = present(await server.relations.load(tableOf("releases")));
    return defineStationShape("releases", known, { stationId: "s", tenantId, hubId }, "full");
  };
  await check({ server, folder, spooled: () => spooled, define });
}

async function fillHubs(cloud: TestCloud, hubs: readonly string[], rows = rowsPerHub): Promise<void> {
  await sql`delete from releases`.execute(cloud.database.kysely);
  for (const hubId of hubs) {
    await sql`insert into hubs (tenant_id, hub_id, name) values (${tenantId}, ${hubId}, ${hubId})
      on conflict do nothing`.execute(cloud.database.kysely);
    await sql`insert into releases (tenant_id, hub_id, order_id, revision, parts_hash)
      select ${tenantId}, ${hubId}::text, ${hubId}::text || '-' || n, 1, repeat(md5(n::text), 2)
      from generate_series(1, ${rows}::integer) as n`.execute(cloud.database.kysely);
  }
}

const ask = (server: ShapeServer, definition: ShapeDefinition, offset: string, handle: string | null) =>
  server.answer(definition, {
    position: present(readOffset(offset)),
    handle,
    live: false,
    signal: new AbortController().signal,
  });

/** Follows the snapshot to its end; the handle, the chunks and how many rows they had. */
async function readWhole(server: ShapeServer, definition: ShapeDefinition) {
  const offsets = ["-1"];
  let handle: string | null = null;
  let rows = 0;
  for (;;) {
    const answer = await ask(server, definition, offsets.at(-1) ?? "", handle);
    if (answer.kind !== "messages") throw new Error(answer.kind);
    rows += (JSON.parse(String(answer.body)) as { key?: string }[]).filter(
      ({ key }) => key !== undefined,
    ).length;
    handle = answer.handle;
    offsets.push(answer.offset);
    if (answer.upToDate) return { handle, rows, offsets };
  }
}

describeOnEachDatabase("snapshots", (open) => {
  test("when all of them are more than the spool may hold, the one read longest ago goes", async () => {
    const cloud = open();
    const hubs = ["spool-1", "spool-2", "spool-3"];
    await fillHubs(cloud, hubs);
    const spoolBytes = chunkBytes * chunksPerHub * 2.6;
    await withShapes(cloud, { spoolBytes }, async ({ server, folder, spooled, define }) => {
      const [one, two, three] = await Promise.all(hubs.map(define));
      const first = await readWhole(server, present(one));
      const second = await readWhole(server, present(two));
      expect([first.rows, second.rows]).toEqual([rowsPerHub, rowsPerHub]);
      expect(first.offsets.length).toBeGreaterThan(chunksPerHub / 2);
      // Read again: now the second is the one nobody asked for since.
      await ask(server, present(one), "0_0", first.handle);
      await readWhole(server, present(three));

      expect(spooled()).toBeLessThanOrEqual(spoolBytes);
      expect(spooled()).toBeGreaterThan(spoolBytes / 2);
      expect((await ask(server, present(one), "0_0", first.handle)).kind).toBe("messages");
      // In the middle of a snapshot that went there is nothing to go on with; behind its end there is.
      expect((await ask(server, present(two), "0_0", second.handle)).kind).toBe("refetch");
      expect((await ask(server, present(two), "0_inf", second.handle)).kind).toBe("messages");
      expect((await readWhole(server, present(two))).handle).not.toBe(second.handle);
      // Files without names: nothing to be left behind.
      expect(readdirSync(folder)).toEqual([]);
    });
  });

  test("a snapshot larger than the whole spool is refused, takes no room and fails nobody else", async () => {
    const cloud = open();
    await fillHubs(cloud, ["large"]);
    await sql`insert into hubs (tenant_id, hub_id, name) values (${tenantId}, 'small', 's') on conflict do nothing`.execute(
      cloud.database.kysely,
    );
    await withShapes(cloud, { spoolBytes: chunkBytes * 3 }, async ({ server, spooled, define }) => {
      const large = await define("large");
      const end = async (): Promise<string> => {
        let handle: string | null = null;
        for (let offset = "-1"; ; ) {
          const answer = await ask(server, large, offset, handle);
          if (answer.kind !== "messages") return answer.kind;
          if (answer.upToDate) return "whole";
          ({ offset, handle } = answer);
        }
      };
      expect(await end()).not.toBe("whole");
      expect((await readWhole(server, await define("small"))).rows).toBe(0);
      await until(() => spooled() <= chunkBytes * 3, "the room is given back");
    });
  });

  test("a snapshot is shared until the log since then outgrows it; who has the old one goes on from it", async () => {
    const cloud = open();
    const hub = "growing";
    await fillHubs(cloud, [hub], 20);
    await withShapes(cloud, {}, async ({ server, define }) => {
      const definition = await define(hub);
      const first = await readWhole(server, definition);
      const update = (text: string) =>
        sql`update releases set parts_hash = ${text} where hub_id = ${hub}`.execute(cloud.database.kysely);
      await update("little");
      const shared = await readWhole(server, definition);
      // The same snapshot, and then the log: every row twice.
      expect([shared.handle, shared.rows]).toEqual([first.handle, 40]);

      // Twenty rows, old and new, of 200,000 letters: more than the megabyte that always may have changed.
      await update("x".repeat(200_000));
      await update("y");
      await until(
        async () => (await readWhole(server, definition)).handle !== first.handle,
        "a new snapshot",
      );
      const renewed = await readWhole(server, definition);
      expect(renewed.rows).toBe(20);
      expect((await ask(server, definition, "0_inf", first.handle)).kind).toBe("messages");
    });
  });
});
