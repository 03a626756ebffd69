import { sql } from "kysely";
import { expect, test } from "vitest";
import { describeOnEachDatabase, present } from "../test-support/test-cloud.ts";
import type { ShapeAnswer } from "./answer-shape.ts";
import { readOffset } from "./log-position.ts";
import { defineStationShape, tableOf } from "./shape-definitions.ts";
import { defaultShapeOptions, type ShapeServer, startShapeServer } from "./shape-server.ts";
import { withoutTables } from "./untyped-database.ts";

const station = { stationId: "s", tenantId: "default", hubId: "main" };

describeOnEachDatabase("the place of a client for whom nothing happens", (cloud) => {
  const serve = (): Promise<ShapeServer> => {
    const { kysely, changes } = cloud().database;
    return startShapeServer(
      { kysely: withoutTables(kysely), changes },
      { ...defaultShapeOptions, longPollMs: 20 },
    );
  };
  const ask = async (server: ShapeServer, offset: string, handle: string | null, live: boolean) => {
    const known = present(await server.relations.load(tableOf("channels")));
    const question = { handle, live, signal: new AbortController().signal };
    const answer: ShapeAnswer = await server.answer(defineStationShape("channels", known, station, "full"), {
      position: present(readOffset(offset)),
      ...question,
    });
    if (answer.kind !== "messages") throw new Error(answer.kind);
    return answer;
  };
  const insert = (table: "channels" | "hubs", name: string): Promise<unknown> =>
    table === "hubs"
      ? sql`insert into hubs (tenant_id, hub_id, name) values ('default', ${name}, 'h')`.execute(
          cloud().database.kysely,
        )
      : sql`insert into channels (tenant_id, code, version, body) values ('default', ${name}, 1, '{}')`.execute(
          cloud().database.kysely,
        );

  test("moves on where the log since is no longer in memory, and stays where it is", async () => {
    const first = await serve();
    // Followed, so that its changes are in the log.
    await first.relations.load({ schema: "public", table: "hubs" });
    const { handle, offset } = await ask(first, "-1", null, false);
    const after = await ask(first, offset, handle, false);
    for (let hub = 1; hub <= 30; hub += 1) await insert("hubs", `idle-${hub}`);
    const remembered = await ask(first, after.offset, handle, true);
    expect([remembered.idle, remembered.offset]).toEqual([true, after.offset]);
    await first.stop();

    await using resources = new AsyncDisposableStack();
    const second = await serve();
    resources.defer(second.stop);
    const moved = await ask(second, after.offset, handle, true);
    const place = readOffset(moved.offset);
    expect([moved.idle, moved.upToDate, moved.handle]).toEqual([true, true, handle]);
    expect(place?.kind === "log" && place.number >= 30).toBe(true);
    // Nothing is passed over on the way.
    await insert("channels", "after-the-move");
    const news = await ask(second, moved.offset, handle, false);
    const rows = JSON.parse(String(news.body)) as { value?: { code: string } }[];
    expect(rows.flatMap(({ value }) => value?.code ?? [])).toEqual(["after-the-move"]);
  });
});
