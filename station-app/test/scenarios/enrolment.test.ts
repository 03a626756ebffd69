import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { serveApp } from "@waystation/cloud-api/test-support/serve";
import {
  asAdmin,
  describeOnEachDatabase,
  type TestCloud,
} from "@waystation/cloud-api/test-support/test-cloud";
import type { FactDraft } from "@waystation/shared/facts/draft";
import type { Failure } from "@waystation/shared/failures/result";
import { expect, test } from "vitest";
import { prepareReadLogFacts } from "../../engine/core/former-logs.ts";
import { openReadOnly } from "../../engine/core/open-database.ts";
import { openStore } from "../../engine/core/store.ts";
import { createCloudAccess } from "../../engine/edge/cloud-access.ts";
import { enrol } from "../../engine/edge/enrol.ts";
import { startReports } from "../../engine/edge/report.ts";
import { openKeyFile } from "../../engine/edge/station-key.ts";
import { startUplink } from "../../engine/edge/uplink.ts";
import { packFacts } from "../../engine/replica/pack-facts.ts";
import { waitUntil } from "../durability/child-process.ts";

const stationId = "station-7";
const retry = { firstMs: 20, longestMs: 100, refusedMs: 100 };
const fact: FactDraft = {
  name: "lane.stopped.v1",
  lane: "belt",
  parcelId: null,
  actor: { kind: "operator", id: "op-1" },
  payload: { reason: "卡件" },
};

describeOnEachDatabase("a station and its cloud", (cloud) => {
  test("enrolled with a code, it sends; revoked, it keeps; restored, nothing is missing", {
    timeout: 60_000,
  }, async () => {
    await using resources = new AsyncDisposableStack();
    const url = await listen(cloud(), resources);
    const dir = mkdtempSync(join(tmpdir(), "waystation-enrolment-"));
    resources.defer(() => rmSync(dir, { recursive: true, force: true }));
    const keys = openKeyFile(join(dir, "station-key.json"));
    const { code } = (await post(url, "/v1/stations", { stationId })) as { code: string };
    const options = { cloudUrl: url, code, keys, appVersion: "0.1.0", replace: false, stationInFolder: null };
    expect(await enrol({ ...options, code: "AAAAA-AAAAA" })).toMatchObject({
      ok: false,
      failure: { code: "enrolment.refused" },
    });
    expect(await enrol(options)).toMatchObject({ ok: true, value: { stationId, hubId: "main" } });

    const station = openStation(url, dir, resources);
    station.record(700);
    await waitUntil(() => station.acknowledged() === 700, "the first facts");
    await post(url, `/v1/stations/${stationId}/revoke`, {});
    station.record(300);
    await waitUntil(
      () => station.failures.some((failure) => failure?.code === "station.refused"),
      "the refusal",
    );
    expect(station.acknowledged()).toBe(700);
    await post(url, `/v1/stations/${stationId}/restore`, {});
    await waitUntil(() => station.acknowledged() === 1000, "the rest");
    await waitUntil(() => station.offsets.length > 0, "a reply to a report");
    expect(Math.abs(station.offsets.at(-1) ?? 0)).toBeLessThan(5000);

    const { kysely } = cloud().database;
    const rows = await kysely
      .selectFrom("facts")
      .select("hash")
      .where("station_id", "=", stationId)
      .orderBy("sequence")
      .execute();
    expect(rows.map(({ hash }) => hash)).toEqual(station.facts().map(({ hash }) => hash));
  });
});

async function listen(cloud: TestCloud, resources: AsyncDisposableStack): Promise<string> {
  const { url, close } = await serveApp(cloud);
  resources.defer(close);
  return url;
}

async function post(url: string, path: string, body: object): Promise<unknown> {
  const headers = { ...asAdmin, "content-type": "application/json" };
  const response = await fetch(`${url}${path}`, { method: "POST", headers, body: JSON.stringify(body) });
  const reply = await response.text();
  if (!response.ok) throw new Error(`${path}: ${response.status} ${reply}`);
  return reply === "" ? null : JSON.parse(reply);
}

/** The station's side without its threads and devices. */
function openStation(url: string, dir: string, resources: AsyncDisposableStack) {
  const path = join(dir, "facts.db");
  const store = openStore(path, stationId);
  const reader = openReadOnly(path);
  const failures: (Failure | null)[] = [];
  const offsets: number[] = [];
  const target = { url, stationId };
  const access = createCloudAccess({
    ...target,
    keys: openKeyFile(join(dir, "station-key.json")),
    onToken: () => uplink.hurry(),
    onFailure: (failure) => failures.push(failure),
    retry,
  });
  let acknowledged = 0;
  const uplink = startUplink(
    {
      ...target,
      access,
      pack: (request) => packFacts(request, prepareReadLogFacts(reader)),
      onRestored: () => undefined,
      onAcknowledged: (_logId, { receivedThrough }) => {
        acknowledged = receivedThrough;
      },
      onLink: (failure) => failures.push(failure),
      times: { ...retry, longestRefusedMs: 1000, requestMs: 20_000 },
    },
    [{ logId: store.logId, recorded: 0, acknowledged: 0 }],
  );
  const reports = startReports({
    ...target,
    access,
    compose: async () => ({
      wireVersion: 2,
      appVersion: "0.1.0",
      bootId: store.bootId,
      log: { logId: store.logId, recorded: store.lastSequence(), acknowledged },
      ordersVisible: 0,
      disk: { freeBytes: 1, factsBytes: 1 },
      lanes: [{ laneId: "belt", status: "running" }],
      devices: [],
    }),
    onReply: ({ clockOffsetMs }) => offsets.push(clockOffsetMs),
    times: { everyMs: 200, settleMs: 20 },
  });
  resources.defer(() => {
    access.stop();
    uplink.stop();
    reports.stop();
    reader.close();
    store.close();
  });
  return {
    failures,
    offsets,
    acknowledged: () => acknowledged,
    facts: () => prepareReadLogFacts(reader)(store.logId, 0, 10_000),
    record(count: number): void {
      store.commit(Array.from({ length: count }, () => fact));
      uplink.notify(store.lastSequence());
    },
  };
}
