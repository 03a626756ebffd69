import { join } from "node:path";
import { mintId } from "@waystation/shared/model/id";
import type { Effect, SessionEvent } from "@waystation/shared/session/events";
import type { LaneProfile } from "@waystation/shared/session/state";
import type { LaneView } from "@waystation/shared/session/view";
import { type Core, type CoreResult, createCore } from "../../engine/core/core.ts";
import { type OrderLookup, openOrderLookup } from "../../engine/core/order-lookup.ts";
import { openStore, type Store } from "../../engine/core/store.ts";
import type { Agenda } from "./agenda.ts";
import type { Faults } from "./faults.ts";
import type { Random } from "./random.ts";

export type StationOptions = {
  readonly dir: string;
  readonly ordersPath: string;
  readonly lanes: readonly LaneProfile[];
  readonly agenda: Agenda;
  readonly faults: Faults;
  /** Faults and ids draw from different streams, so that a fault more changes no id before it. */
  readonly random: Random;
  readonly idRandom: Random;
  readonly perform: (effect: Effect, life: number) => void;
  /** Called when a new engine is up: devices connect again. */
  readonly onUp: () => void;
};

type Engine = { readonly core: Core; readonly store: Store; readonly orders: OrderLookup };

/** The real core on real files, that dies at random and comes back; nobody tells it to close properly. */
export function createSimulatedStation({
  dir,
  ordersPath,
  lanes,
  agenda,
  faults,
  random,
  idRandom,
  perform,
  onUp,
}: StationOptions) {
  const factsPath = join(dir, "facts.db");
  let engine: Engine | null = null;
  let crashes = 0;
  /** Counts the engines; what an old one was waiting for is nobody's. */
  let life = 0;

  function open(): void {
    life += 1;
    const bornAtMs = agenda.now();
    const mint = () => mintId({ nowMs: agenda.now, randomBytes: idRandom.bytes });
    const store = openStore(factsPath, "station-1", {
      nowMs: agenda.now,
      monotonicMs: () => agenda.now() - bornAtMs,
      mintId: mint,
    });
    const orders = openOrderLookup(ordersPath, 99);
    const core = createCore({
      store,
      orders,
      lanes,
      appVersion: "simulated",
      nowMs: agenda.now,
      mintId: mint,
    });
    engine = { core, store, orders };
    if (act(() => core.start())) agenda.after(50, onUp);
  }

  function close(): void {
    engine?.store.close();
    engine?.orders.close();
    engine = null;
  }

  function crash(): void {
    crashes += 1;
    close();
    agenda.after(random.between(50, 4000), open);
  }

  /** One input to the core; false when the engine was dead before it took it. */
  function act(input: (core: Core) => CoreResult): boolean {
    if (engine === null) return false;
    const dies = random.chance(faults.crash);
    if (dies && random.chance(0.3)) {
      crash();
      return false;
    }
    const { effects } = input(engine.core);
    const done = dies ? random.between(0, effects.length) : effects.length;
    for (const effect of effects.slice(0, done)) perform(effect, life);
    if (dies) crash();
    return true;
  }

  open();
  return {
    factsPath,
    crashes: () => crashes,
    isUp: () => engine !== null,
    deliver: (laneId: string, event: SessionEvent): boolean =>
      act((core) => core.handle(laneId, event, agenda.now())),
    /** An answer to an effect; lost with the engine that asked. */
    answer(askedIn: number, laneId: string, event: SessionEvent): boolean {
      return askedIn === life && act((core) => core.handle(laneId, event, agenda.now()));
    },
    setPrinter: (printerId: string, ready: boolean, odometer: number | undefined): void =>
      void act((core) => core.setPrinter(printerId, ready, odometer)),
    tick: (): void => void act((core) => core.tick(agenda.now())),
    nextDeadline: (): number | null => engine?.core.nextDeadline() ?? null,
    view: (laneId: string): LaneView | undefined => engine?.core.viewLanes([laneId])[0],
    close,
  };
}
export type SimulatedStation = ReturnType<typeof createSimulatedStation>;
