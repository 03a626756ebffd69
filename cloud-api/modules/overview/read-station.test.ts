import { expect, test } from "vitest";
import { makeBatch, makeFacts } from "../../test-support/make-facts.ts";
import { asAdmin, asStation, describeOnEachDatabase } from "../../test-support/test-cloud.ts";
import { ingestFacts } from "../ingest/ingest-facts.ts";
import type { StationDetail } from "./console-contract.ts";
import { readStation } from "./read-station.ts";

describeOnEachDatabase("one station", (open) => {
  test("its logs and alarms are shown to whoever sees its hub, and to nobody else", async () => {
    const cloud = open();
    const { headers } = await cloud.register("forked");
    await cloud.register("other");
    const [fact] = makeFacts({ stationId: "forked", count: 1 });
    const facts = fact === undefined ? [] : [fact];
    await ingestFacts(cloud.database, asStation("forked"), makeBatch("forked", facts));
    const others = makeFacts({ stationId: "forked", count: 1, change: () => ({ id: "another" }) });
    const refused = await ingestFacts(cloud.database, asStation("forked"), makeBatch("forked", others));
    expect(refused).toMatchObject({ ok: false, failure: { code: "facts.forked" } });

    const read = (stationId: string, asked: Record<string, string> = asAdmin) =>
      cloud.app.request(`/v1/console/stations/${stationId}`, { headers: asked });
    const detail = (await (await read("forked")).json()) as StationDetail;
    expect(detail.logs).toMatchObject([{ logId: "log-1", receivedThrough: 1 }]);
    expect(detail.alarms).toMatchObject([{ logId: "log-1", sequence: 1, kind: "forked" }]);
    expect(await (await read("other")).json()).toEqual({ logs: [], alarms: [] });
    expect((await read("forked", headers)).status).toBe(403);
    expect((await read("forked", {})).status).toBe(401);

    const scope = { tenantId: "default", hubIds: ["elsewhere"], customerId: null };
    expect(await readStation(cloud.database.kysely, scope, "forked")).toEqual({ logs: [], alarms: [] });
    const foreign = { tenantId: "another", hubIds: "all", customerId: null } as const;
    expect(await readStation(cloud.database.kysely, foreign, "forked")).toEqual({ logs: [], alarms: [] });
  });
});
