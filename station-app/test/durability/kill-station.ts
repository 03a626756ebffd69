import { indexedGate } from "@waystation/drivers/twins/dws";
import { createHash } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type EngineConfig, parseEngineConfig } from "../../engine/config/engine-config.ts";
import { openReplica } from "../../engine/core/open-database.ts";
import { prepareOrders } from "../../engine/replica/orders-schema.ts";
import { createShapeWriter } from "../../engine/replica/shape-writer.ts";
import { fillOrders, testChannel, testOrder, testSortPlan } from "../support/station-bench.ts";
import { screenToken } from "./engine-process.ts";
import { openPrinterTap } from "./printer-tap.ts";
import { startTwinProcess } from "./twin-process.ts";

export type CrashPlan = NonNullable<EngineConfig["crashAt"]>;
export type KillStation = Awaited<ReturnType<typeof openKillStation>>;
export const rejectChute = 99;

const belt = {
  laneId: "belt",
  kind: "belt",
  steps: ["weigh", "measure", "label", "divert"],
  devices: { dimensioner: "dws", sorter: "sorter", printer: "belt-printer" },
  decideWithinMs: 600,
  labelWithinMs: 1200,
  divertWithinMs: 30_000,
  confirmWithinMs: 10_000,
};
const bench = {
  laneId: "bench",
  kind: "bench",
  steps: ["weigh", "label"],
  devices: { scanner: "scanner", scale: "scale", printer: "bench-printer" },
};

export type KillStationOptions = {
  /** Printers with a label counter; the others cannot say after a crash what came out. */
  readonly counting: boolean;
  /** The parcels stay on the belt until they are let go, so that the next engine finds them still there. */
  readonly held: boolean;
};

/**
 * A station with a belt and a bench, all its devices as processes that outlive every engine, and orders whose
 * labels tell themselves apart.
 */
export async function openKillStation(options: KillStationOptions & { readonly orders: number }) {
  const travelMs = options.held ? 3_600_000 : 600;
  const folder = mkdtempSync(join(tmpdir(), "waystation-kill-"));
  const orderByLabel = fillStation(folder, options.orders);
  const [sorter, dws, scanner, scale, beltPrinter, benchPrinter] = await Promise.all([
    startTwinProcess("modbus", { rejectChute, decisionMs: travelMs - 100, travelMs }),
    startTwinProcess("dws-delimited", indexedGate),
    startTwinProcess("serial-aim", { line: "tcp" }),
    startTwinProcess("mt-sics", { line: "tcp" }),
    startTwinProcess("zpl", { printTimeMs: 20 }),
    startTwinProcess("zpl", { printTimeMs: 20 }),
  ]);
  const twins = { sorter, dws, scanner, scale, beltPrinter, benchPrinter };
  const taps = [await openPrinterTap(beltPrinter.port), await openPrinterTap(benchPrinter.port)] as const;
  const ports = { sorter: sorter.port, dws: dws.port, scanner: scanner.port, scale: scale.port };

  const configure = (crashAt?: CrashPlan): EngineConfig => {
    const tcp = (deviceId: string, model: string, port: number, own = {}) => ({
      deviceId,
      model,
      connection: { type: "tcp", host: "127.0.0.1", port },
      options: own,
    });
    const printer = options.counting ? "zebra-zd421" : "zpl";
    const quick = { pollMs: 20, settleMs: 200 };
    const parsed = parseEngineConfig({
      version: 1,
      stationId: "station-1",
      dataDir: folder,
      screen: { port: 0, token: screenToken, staticDir: folder },
      lanes: [belt, bench],
      devices: [
        tcp("sorter", "modbus-sorter", ports.sorter),
        tcp("dws", "dws-indexed", ports.dws),
        tcp("scanner", "serial-aim", ports.scanner),
        tcp("scale", "mt-sics", ports.scale),
        tcp("belt-printer", printer, taps[0].port, quick),
        tcp("bench-printer", printer, taps[1].port, quick),
      ],
      rejectChute,
      labelTimeoutMs: 3000,
      ...(crashAt === undefined ? {} : { crashAt }),
    });
    if (!parsed.ok) throw new Error(JSON.stringify(parsed.failure));
    return parsed.value;
  };

  const onBelt = new Set<number>();
  return {
    folder,
    held: options.held,
    induct: async (parcelIndex: number) => {
      onBelt.add(parcelIndex);
      await sorter.ask({ command: "induct", parcelIndex });
    },
    /** Every parcel on the belt reaches its chute. */
    letGo: async () => {
      for (const parcelIndex of onBelt) await sorter.ask({ command: "arrive", parcelIndex });
      onBelt.clear();
    },
    factsPath: join(folder, "facts.db"),
    twins,
    taps,
    configure,
    /** SHA-256 of a whole label -> its order. */
    orderByLabel: orderByLabel as ReadonlyMap<string, string>,
    close: async () => {
      for (const twin of Object.values(twins)) twin.terminate();
      await Promise.all([
        ...Object.values(twins).map(({ ended }) => ended),
        ...taps.map((tap) => tap.stop()),
      ]);
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

export const waybillOf = (number: number): string => testOrder(number).waybill;
export const labelBytes = 40_000;

/** Long enough to be cut in the middle, and its order stands at its beginning. */
function makeLabel(orderId: string): Buffer {
  const filler = Array.from({ length: Math.floor(labelBytes / 100) }, () => `^FX${"x".repeat(94)}^FS`).join(
    "",
  );
  return Buffer.from(`^XA^FO20,20^A0N,30,30^FD${orderId}^FS${filler}^XZ`);
}

function fillStation(folder: string, orders: number): Map<string, string> {
  const replica = openReplica(join(folder, "orders.db"));
  prepareOrders(replica);
  const writer = createShapeWriter(replica);
  const at = { handle: "h-1", offset: "0_1" };
  const insert = (row: Record<string, string>) => [{ operation: "insert" as const, row }];
  writer.apply(
    "channels",
    insert({ code: "PKT", version: "3", body: JSON.stringify(testChannel) }),
    at,
    true,
  );
  const plan = JSON.stringify({ ...testSortPlan, rejectChute, interceptChute: 8 });
  writer.apply("sort_plans", insert({ plan_id: "main", version: "7", body: plan }), at, true);
  const orderByLabel = new Map<string, string>();
  for (let number = 1; number <= orders; number += 1) {
    const order = testOrder(number);
    const label = makeLabel(order.orderId);
    orderByLabel.set(createHash("sha256").update(label).digest("hex"), order.orderId);
    fillOrders(writer, [order], { kind: "zpl", base64: label.toString("base64") });
  }
  replica.close();
  return orderByLabel;
}
