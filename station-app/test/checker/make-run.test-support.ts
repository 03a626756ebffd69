import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createHash } from "node:crypto";
import { makeBatch } from "@waystation/cloud-api/test-support/make-facts";
import {
  asStation,
  makeTestCloud,
  openDatabase,
  ourOrders,
} from "@waystation/cloud-api/test-support/test-cloud";
import { ingestFacts } from "@waystation/cloud-api/modules/ingest/ingest-facts";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import { saveOrders } from "@waystation/cloud-api/modules/orders/save-orders";
import type { DatabaseConfig } from "@waystation/cloud-api/db/connect";
import type { CloudTables } from "@waystation/cloud-api/db/tables";
import type { Effect, SessionEvent } from "@waystation/shared/session/events";
import Database from "better-sqlite3";
import { CompiledQuery, type Kysely, sql } from "kysely";
import { openStationBench, testOrder } from "../support/station-bench.ts";
import { type CheckReport, checkRun, type RunInput } from "./check-run.ts";

export type Line = Record<string, unknown>;
/** What is done to copies of the run before it is checked. */
export type Spoiling = {
  readonly facts?: (db: Database.Database) => void;
  readonly orders?: (db: Database.Database) => void;
  readonly twins?: (lines: Line[]) => Line[];
  readonly cloud?: readonly string[];
  readonly run?: Partial<RunInput>;
  readonly station?: Partial<RunInput["stations"][number]>;
};
export type MadeRun = Awaited<ReturnType<typeof makeRun>>;

/**
 * Two lanes and a cloud of the product itself; their devices do what is asked, but for a few on purpose.
 * @param receivedThrough how many of the station's facts the cloud gets.
 */
export async function makeRun({
  receivedThrough = Infinity,
  config = { kind: "temporary" },
}: {
  readonly receivedThrough?: number;
  readonly config?: DatabaseConfig;
} = {}) {
  const root = mkdtempSync(join(tmpdir(), "waystation-checker-"));
  const whole = join(root, "whole");
  mkdirSync(whole);
  const { lines, texts } = playStation(whole);
  const facts: StoredFact[] = texts.map((text, at) => ({ sequence: at + 1, text, hash: hashOf(text) }));
  const database = await openDatabase(config);
  await makeTestCloud(database).register("station-1");
  await fillCloud(database);
  const half = facts.slice(0, receivedThrough);
  for (const part of [half.slice(0, 40), half.slice(40)]) if (part.length > 0) await send(part);
  writeTwins(whole, lines);

  async function send(part: readonly StoredFact[]): Promise<void> {
    const batch = makeBatch("station-1", part, JSON.parse(part[0]?.text ?? "").logId);
    const result = await ingestFacts(database, asStation("station-1"), batch);
    if (!result.ok) throw new Error(JSON.stringify(result.failure));
  }

  async function check(spoiling: Spoiling = {}): Promise<CheckReport> {
    const dir = mkdtempSync(join(root, "spoilt-"));
    cpSync(join(root, "whole"), dir, { recursive: true });
    change(join(dir, "facts.db"), spoiling.facts);
    change(join(dir, "orders.db"), spoiling.orders);
    if (spoiling.twins !== undefined) writeTwins(dir, spoiling.twins(structuredClone(lines)));
    const station = { ...describe(dir), ...spoiling.station };
    return spoilCloud(database.kysely, spoiling.cloud ?? [], (query) =>
      checkRun({ quiesced: true, cloud: { query }, stations: [station], ...spoiling.run }),
    );
  }
  const remove = async (): Promise<void> => {
    await database.close();
    rmSync(root, { recursive: true, force: true });
  };
  const station = describe(whole);
  return {
    root,
    facts,
    station,
    query: queryBy(database.kysely),
    run: (text: string) => sql.raw(text).execute(database.kysely),
    send,
    check,
    remove,
  };
}

const writeTwins = (dir: string, lines: readonly Line[]): void =>
  writeFileSync(join(dir, "twins.jsonl"), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

async function fillCloud({ kysely }: Awaited<ReturnType<typeof openDatabase>>): Promise<void> {
  const orders = Array.from({ length: 20 }, (_, at) => testOrder(at + 1));
  const label = { kind: "house" as const };
  const parts = orders.map((order, line) => ({ line, order, label }));
  await kysely.transaction().execute((tx) => saveOrders(tx, ourOrders, parts));
}

const queryBy =
  (kysely: Kysely<CloudTables>) =>
  async (text: string, params: readonly unknown[]): Promise<Line[]> =>
    (await kysely.executeQuery<Line>(CompiledQuery.raw(text, [...params]))).rows;

export const hashOf = (text: string): string => createHash("sha256").update(text).digest("hex");

const describe = (dir: string) => ({
  stationId: "station-1",
  factsFiles: [join(dir, "facts.db")],
  ordersFile: join(dir, "orders.db"),
  safeChutes: [98, 99],
  benchLanes: ["bench"],
  twinLog: join(dir, "twins.jsonl"),
  forked: false,
});

function change(path: string, act: ((db: Database.Database) => void) | undefined): void {
  if (act === undefined) return;
  const db = new Database(path);
  db.pragma("synchronous = OFF");
  db.exec("DROP TRIGGER IF EXISTS facts_are_immutable");
  act(db);
  db.close();
}

/** In a transaction that is taken back. */
async function spoilCloud<T>(
  kysely: Kysely<CloudTables>,
  statements: readonly string[],
  act: (query: (text: string, params: readonly unknown[]) => Promise<Line[]>) => Promise<T>,
): Promise<T> {
  let result: { readonly value: T } | undefined;
  await kysely
    .transaction()
    .execute(async (tx) => {
      await sql.raw("SET LOCAL session_replication_role = replica").execute(tx);
      for (const statement of statements) await sql.raw(statement).execute(tx);
      result = { value: await act(queryBy(tx)) };
      throw new Error("taken back");
    })
    .catch((error: unknown) => {
      if (result === undefined) throw error;
    });
  if (result === undefined) throw new Error("the transaction did not run");
  return result.value;
}

/** Ten parcels on the belt and three on the bench; the seventh to tenth and the last two have a fate of their own. */
function playStation(dir: string): { readonly lines: Line[]; readonly texts: string[] } {
  const bench = openStationBench({ dir });
  const { core, store } = bench;
  const lines: Line[] = [];
  const answers: (() => void)[] = [];
  const committed = () => ({ logId: store.logId, sequence: store.lastSequence() });
  const handle = (lane: string, event: SessionEvent): void => {
    for (const effect of core.handle(lane, event, bench.now()).effects) perform(effect);
    for (const answer of answers.splice(0)) answer();
  };
  const numberOf = (orderId: string): number => Number(orderId.slice("order-".length));
  const isDoubtful = new Set([8, 13]);

  function perform(effect: Effect): void {
    if (effect.kind === "print") {
      const { jobId, laneId, orderId } = effect;
      const number = numberOf(orderId);
      const { waybill, trackingNumber } = testOrder(number);
      lines.push({
        atMs: Date.now(),
        event: "label",
        printer: "printer",
        keys: [waybill, trackingNumber],
        committed: committed(),
      });
      const failure = { code: "printer.unconfirmed", details: { device: "printer" } } as const;
      // Only the first time.
      const result = isDoubtful.delete(number)
        ? ({ outcome: "unknown", failure } as const)
        : ({ outcome: "printed", odometer: null } as const);
      answers.push(() => handle(laneId, { kind: "label-outcome", jobId, result }));
      answers.push(() => void core.setPrinter("printer", true, undefined));
    } else if (effect.kind === "divert") {
      const { parcelIndex, chute } = effect;
      lines.push({
        atMs: Date.now(),
        event: "divert",
        sorter: "sorter",
        parcelIndex,
        chute,
        accepted: true,
        committed: committed(),
      });
      lines.push(
        parcelIndex === 10 ? { event: "lost", parcelIndex } : { event: "landed", parcelIndex, chute },
      );
      if (parcelIndex === 9) return;
      answers.push(() =>
        handle(
          "belt",
          parcelIndex === 10 ? { kind: "lost", parcelIndex } : { kind: "diverted", parcelIndex, chute },
        ),
      );
    }
  }

  core.start();
  core.setPrinter("printer", true, null);
  for (let parcelIndex = 1; parcelIndex <= 10; parcelIndex += 1) {
    lines.push({ event: "inducted", parcelIndex, told: true });
    handle("belt", { kind: "inducted", parcelIndex, deviceId: "sorter" });
    bench.advance(300);
    const barcode = parcelIndex === 7 ? "XX7" : testOrder(parcelIndex).waybill;
    const size = { lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };
    const reading = { kind: "size" as const, parcelIndex, barcode, weightGrams: 200, ...size };
    handle("belt", { kind: "reading", deviceId: "dws", reading });
    bench.advance(1500);
  }
  bench.advance(60_000);
  core.tick(bench.now());
  for (const number of [12, 13, 13]) {
    const { waybill: data } = testOrder(number);
    handle("bench", {
      kind: "reading",
      deviceId: "scanner",
      reading: { kind: "scan", data, symbology: "code-128" },
    });
    const parcelId = core.viewLanes(["bench"])[0]?.parcels[0]?.parcelId ?? "";
    handle("bench", {
      kind: "weight-answered",
      parcelId,
      deviceId: "scale",
      weightGrams: 200,
      failure: null,
    });
    handle("bench", { kind: "label-answered", parcelId, printed: false, operatorId: "op-1" });
  }
  store.saveAcknowledged({ receivedThrough: store.lastSequence(), durableThrough: store.lastSequence() });
  bench.close();
  const db = new Database(bench.factsPath, { readonly: true });
  const texts = db.prepare("SELECT text FROM facts ORDER BY sequence").pluck().all() as string[];
  db.close();
  return { lines, texts };
}
