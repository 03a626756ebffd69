import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { importReplySchema } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import { enrolOwnStation } from "../../cli/start/prepare-cloud.ts";
import { chuteOf, type OrderPlan, planOrders, rejectChute } from "../scenarios/station-under-test.ts";
import { testChannel } from "../support/station-bench.ts";
import { type CloudPlan, type FaultCloud, openCloud } from "./cloud-process.ts";
import { expectWhole, type WholeReport } from "./expect-whole.ts";
import { type FaultProxy, openFaultProxy } from "./fault-proxy.ts";
import {
  type FaultStation,
  openFaultStation,
  recordOlderFacts,
  type StationPlan,
  stationId,
} from "./fault-station.ts";
import { openPostgres } from "./postgres-process.ts";

export type RunPlan = {
  readonly database: "embedded" | "postgres";
  readonly seed: number;
  readonly orders: number;
  /** In the cloud before the station first asks. */
  readonly moreOrders?: readonly OrderPlan[];
  /** Before the engine starts. */
  readonly hold?: () => void;
  /** Recorded before the station first reaches its cloud. */
  readonly olderFacts?: number;
  readonly station?: Partial<Pick<StationPlan, "belt" | "config" | "folder">>;
  readonly cloud?: Partial<Pick<CloudPlan, "env" | "dataDir">>;
};

export type Run = {
  readonly folder: string;
  readonly cloud: FaultCloud;
  readonly postgres: Awaited<ReturnType<typeof openPostgres>> | null;
  readonly proxy: FaultProxy;
  readonly station: FaultStation;
  /** Everything sent has ended and is acknowledged; then both are stopped and compared. */
  readonly finish: () => Promise<WholeReport>;
};

/** Cloud, proxy, station and devices, enrolled and with orders in the cloud; the engine runs and follows the shapes. */
export async function openRun(resources: AsyncDisposableStack, plan: RunPlan): Promise<Run> {
  const folder = mkdtempSync(join(tmpdir(), "waystation-faults-"));
  resources.defer(() => rmSync(folder, { recursive: true, force: true }));
  const stationFolder = plan.station?.folder ?? join(folder, "station");
  mkdirSync(stationFolder, { recursive: true });
  const postgres = plan.database === "postgres" ? await openPostgres(resources) : null;
  const cloud = await openCloud(resources, {
    dataDir: join(folder, "cloud"),
    ...(postgres === null ? {} : { databaseUrl: postgres.url }),
    ...plan.cloud,
  });
  const proxy = await openFaultProxy({ port: cloud.port, seed: plan.seed });
  resources.defer(proxy.stop);
  const keyFile = join(folder, "station-key.json");
  await prepareCloud(cloud, keyFile, plan.orders);
  if (plan.moreOrders !== undefined) await importOrders(cloud.client, plan.moreOrders);
  if (plan.olderFacts !== undefined) recordOlderFacts(stationFolder, plan.olderFacts);
  const station = await openFaultStation(resources, {
    ...plan.station,
    folder: stationFolder,
    cloud: { url: proxy.url, keyFile },
  });
  plan.hold?.();
  await station.start();
  const finish = async (): Promise<WholeReport> => {
    await untilQuiet(station);
    await station.kill();
    await cloud.stop();
    return expectWhole(
      station,
      postgres === null ? { folder: cloud.dataDir } : { postgresUrl: postgres.url },
    );
  };
  return { folder, cloud, postgres, proxy, station, finish };
}

/** Enrols the station and imports channel, sort plan and orders, past every fault. */
export async function prepareCloud(
  { client, url }: Pick<FaultCloud, "client" | "url">,
  keyFile: string,
  orders: number,
): Promise<void> {
  const enrolled = await enrolOwnStation(client, { url, stationId, keyFile });
  if (!enrolled.ok) throw new Error(JSON.stringify(enrolled.failure));
  const plans = planOrders(orders).map((plan) => showTracking(plan));
  const rows = plans.map(({ order }, at) => ({
    priority: at,
    postcodePrefix: order.consignee.postcode,
    chute: chuteOf(at + 1),
  }));
  const sortPlans = [{ planId: "main", version: 7, rows, rejectChute }];
  const settings = JSON.stringify({ channels: [testChannel], sortPlans });
  const set = await client({ path: "/v1/channels/import", body: settings }, z.unknown());
  if (!set.ok) throw new Error(JSON.stringify(set.failure));
  await importOrders(client, plans);
}

/** A label by which a printer's job is found again: it bears the tracking number. */
export function showTracking({ order }: OrderPlan, filler = ""): OrderPlan {
  const text = `^XA^FO20,20^A0N,30,30^FD${order.trackingNumber}^FS${filler}^XZ`;
  return { order, label: { kind: "zpl", base64: Buffer.from(text).toString("base64") } };
}

export async function importOrders(client: FaultCloud["client"], plans: readonly OrderPlan[]): Promise<void> {
  const lines = plans.map(({ order, label }) => JSON.stringify({ ...order, label })).join("\n");
  const imported = await client({ path: "/v1/orders/import?format=json", body: lines }, importReplySchema);
  if (!imported.ok || imported.value.imported !== plans.length)
    throw new Error(JSON.stringify(imported.ok ? imported.value.rejected : imported.failure));
}

/** Every parcel ended, every fact acknowledged. */
export async function untilQuiet(station: FaultStation, timeoutMs = 90_000): Promise<void> {
  await station.until(
    () => station.underWay() === 0,
    `${station.underWay()} parcels to end (${JSON.stringify([...station.outcomes()].filter(([, outcome]) => outcome === null))})`,
    timeoutMs,
  );
  let settled = station.position();
  await station.until(
    () => {
      settled = station.position();
      return settled.acknowledged === settled.recorded;
    },
    "every fact to be acknowledged",
    timeoutMs,
  );
}
