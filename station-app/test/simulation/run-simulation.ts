import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { assert, unreachable } from "@waystation/shared/failures/assert";
import type { Effect } from "@waystation/shared/session/events";
import type { LaneProfile } from "@waystation/shared/session/state";
import { openReadOnly, openReplica } from "../../engine/core/open-database.ts";
import { type Verification, verifyFacts } from "../../engine/core/verify-log.ts";
import { prepareOrders } from "../../engine/replica/orders-schema.ts";
import { createShapeWriter } from "../../engine/replica/shape-writer.ts";
import { fillOrders, fillSettings, testBelt, testBench } from "../support/station-bench.ts";
import { createAgenda } from "./agenda.ts";
import { type BeltParcel, createBelt } from "./belt.ts";
import { type BenchParcel, createBench } from "./bench.ts";
import type { Faults } from "./faults.ts";
import { createPrinter } from "./printer.ts";
import { createRandom } from "./random.ts";
import { createSimulatedStation, type SimulatedStation } from "./simulated-station.ts";
import { createParcelSource, simulatedOrders, type TrueParcel } from "./truth.ts";
import type { World } from "./world.ts";

/** Everything that is known when a run is over: what really happened, and what the station wrote of it. */
export type Run = {
  readonly seed: number;
  readonly belt: readonly BeltParcel[];
  readonly bench: readonly BenchParcel[];
  readonly labels: readonly { readonly orderId: string; readonly jobId: string }[];
  /** What the devices themselves had to object to. */
  readonly objections: readonly string[];
  readonly texts: readonly string[];
  readonly verification: Verification;
  readonly crashes: number;
};

const startMs = Date.UTC(2026, 0, 5, 8);
const beltParcels = 18;
const benchParcels = 5;
/** A simulated hour: a run that is not over then never ends. */
const longestMs = 3_600_000;

/** The orders are the same for every seed and only read: filled once. */
export function openSimulation() {
  const root = mkdtempSync(join(tmpdir(), "waystation-simulation-"));
  const ordersPath = join(root, "orders.db");
  const replica = openReplica(ordersPath);
  prepareOrders(replica);
  const writer = createShapeWriter(replica);
  fillSettings(writer);
  fillOrders(writer, simulatedOrders);
  replica.close();
  return {
    run(seed: number, faults: Faults): Run {
      const dir = mkdtempSync(join(root, `seed-${seed}-`));
      try {
        return simulate(seed, faults, dir, ordersPath);
      } finally {
        rmSync(dir, { recursive: true, force: true });
      }
    },
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}

function simulate(seed: number, faults: Faults, dir: string, ordersPath: string): Run {
  const agenda = createAgenda(startMs);
  const random = createRandom(seed);
  let station: SimulatedStation | undefined;
  const world: World = {
    agenda,
    random,
    faults,
    isIndexed: random.chance(0.7),
    station: () => {
      assert(station !== undefined, "the station is there before anything happens");
      return station;
    },
  };
  const source = createParcelSource(random);
  const printer = createPrinter(world);
  const belt = createBelt(world);
  const bench = createBench(world, printer, chooseBenchParcels(random.between(0, 40), source));
  const lanes: LaneProfile[] = [
    { ...testBelt, divertWithinMs: 4000, maxInFlight: random.pick([6, 16]) },
    testBench,
  ];

  function perform(effect: Effect, life: number): void {
    switch (effect.kind) {
      case "print":
        return printer.print(effect, life);
      case "resolve-print":
        return printer.resolve(effect, life);
      case "divert":
        return belt.divert(effect, life);
      case "query-divert":
        return belt.query(effect, life);
      case "request-weight":
        return bench.weigh(effect, life);
      case "reserve-printer":
        return;
      default:
        return unreachable(effect);
    }
  }

  const onUp = (): void => {
    printer.announce();
    belt.reconnect();
  };
  station = createSimulatedStation({
    dir,
    ordersPath,
    lanes,
    agenda,
    faults,
    random,
    idRandom: createRandom(seed ^ 0x5bd1e995),
    perform,
    onUp,
  });
  scheduleBelt(world, belt.put, source);
  agenda.after(500, () => bench.open());
  live(world);
  station.close();
  return {
    seed,
    belt: [...belt.parcels.values()],
    bench: bench.handled,
    labels: printer.labels,
    objections: printer.objections,
    texts: readTexts(station.factsPath),
    verification: verifyFacts(station.factsPath),
    crashes: station.crashes(),
  };
}

/** The bench packs orders of which some also come down the belt. */
const chooseBenchParcels = (first: number, source: (orderNumber?: number) => TrueParcel): TrueParcel[] =>
  Array.from({ length: benchParcels }, (_, at) => source(first + at + 1)).filter(
    ({ barcode }) => barcode !== null,
  );

/** Parcels keep more than a window's width from each other; now and then somebody stops the belt for a while. */
function scheduleBelt(
  { agenda, random, faults, station }: World,
  put: (truth: TrueParcel) => void,
  source: () => TrueParcel,
): void {
  let atMs = 1000;
  for (let count = 0; count < beltParcels; count += 1) {
    atMs += random.between(1000, 2500);
    const truth = source();
    agenda.after(atMs, () => put(truth));
    if (!random.chance(faults.stopLane)) continue;
    agenda.after(atMs + 100, () =>
      station().deliver("belt", { kind: "stopped", reason: "jam", operatorId: "op-1" }),
    );
    agenda.after(atMs + 4000, () => station().deliver("belt", { kind: "resumed", operatorId: "op-1" }));
  }
}

/** Whatever comes first: something in the world, or a deadline of the station. */
function live({ agenda, station }: World): void {
  for (;;) {
    const [next, deadline] = [agenda.next(), station().nextDeadline()];
    if (next === null && deadline === null) return;
    assert(agenda.now() < startMs + longestMs, "the run comes to an end");
    if (deadline !== null && (next === null || deadline < next)) {
      agenda.advance(deadline);
      station().tick();
    } else agenda.run();
  }
}

function readTexts(factsPath: string): string[] {
  const db = openReadOnly(factsPath);
  try {
    return db.prepare("SELECT text FROM facts ORDER BY sequence").pluck().all() as string[];
  } finally {
    db.close();
  }
}
