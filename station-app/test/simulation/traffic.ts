import type { Layout } from "./layout.ts";
import type { FaultKind } from "./faults.ts";
import type { Platform } from "./platform.ts";
import type { Random } from "./random.ts";
import type { Station } from "./station.ts";
import { makeParcel, makeStray, type SimulatedOrder, type TrueParcel } from "./truth.ts";

export type TrafficOptions = {
  readonly platform: Platform;
  readonly station: Station;
  readonly random: Random;
  readonly orders: readonly SimulatedOrder[];
  /** Of other hubs. */
  readonly strays: readonly SimulatedOrder[];
  readonly rate: number;
  readonly endsAtMs: number;
  readonly layout: Layout;
  /** What goes wrong with the parcel at this step, if anything. */
  readonly mishapAt: (step: "induct" | "read" | "scan" | "weigh") => FaultKind | null;
};

export type BeltParcel = { readonly index: number; readonly truth: TrueParcel; readonly isTracked: boolean };
export type BenchParcel = { readonly truth: TrueParcel; tries: number; scannedAtMs: number };

const benchShare = 0.2;
const strayShare = 0.01;
const lookEveryMs = 1000;
const patienceMs = 40_000;
const mostTries = 3;

/** What comes along: parcels on the belt at their pace, and a person at the bench with one in the hand. */
export function startTraffic(options: TrafficOptions) {
  const { platform, station, random, rate, layout } = options;
  const { agenda } = platform;
  const belt: BeltParcel[] = [];
  const bench: BenchParcel[] = [];
  const forBench: TrueParcel[] = [];
  const gapMs = 3_600_000 / rate;
  const leastGapMs = layout.lane.windows?.scan.toMs ?? 1000;
  let next = 0;
  let isOver = false;
  let inHand: BenchParcel | null = null;
  let isSwapped = false;

  function come(): void {
    const order = options.orders[next];
    if (order === undefined || agenda.now() >= options.endsAtMs) {
      isOver = true;
      return;
    }
    next += 1;
    // Now and then one of an order that was here before.
    const chosen = random.chance(0.05) ? (options.orders[random.between(0, next - 1)] ?? order) : order;
    const { strays } = options;
    const hasStrayed = strays.length > 0 && random.chance(strayShare);
    const stray = hasStrayed ? strays[random.between(0, strays.length - 1)] : undefined;
    const make = (isMeasured: boolean): TrueParcel =>
      stray === undefined ? makeParcel(random, chosen, isMeasured) : makeStray(random, stray, isMeasured);
    if (random.chance(benchShare)) pack(make(false));
    else put(make(true));
    platform.after(Math.max(leastGapMs + 300, Math.round(gapMs * (0.5 + random.fraction()))), come);
  }

  function put(truth: TrueParcel): void {
    const index = belt.length + 1;
    const isTracked = options.mishapAt("induct") !== "trigger-missed";
    belt.push({ index, truth, isTracked });
    if (isTracked) station.induct(index);
    platform.after(random.between(layout.gateMs.least, layout.gateMs.most), () => measure(index, truth));
  }

  /** The gate has counted wrongly: this parcel's reading bears the index of the one behind, and that one's the index of this. */
  function measure(index: number, truth: TrueParcel): void {
    const mishap = options.mishapAt("read");
    const wasSwapped = isSwapped;
    isSwapped = mishap === "swapped" && !wasSwapped;
    const told = isSwapped ? index + 1 : wasSwapped ? index - 1 : index;
    send(told, truth, mishap === "no-read");
  }

  function send(index: number, { barcode, weightGrams, sides }: TrueParcel, isNoRead: boolean): void {
    const [lengthMillimetres, widthMillimetres, heightMillimetres] = sides;
    const sizes = { lengthMillimetres, widthMillimetres, heightMillimetres };
    const code = barcode === null || isNoRead ? {} : { code: barcode };
    void station.twins.gate.control({ command: "measure", index, weightGrams, ...sizes, ...code });
  }

  function pack(truth: TrueParcel): void {
    if (truth.barcode === null) return;
    forBench.push(truth);
    if (inHand === null) takeNext();
  }

  function takeNext(): void {
    const truth = forBench.shift();
    inHand = truth === undefined ? null : { truth, tries: 0, scannedAtMs: 0 };
    if (inHand === null) return;
    bench.push(inHand);
    options.mishapAt("weigh");
    void station.twins.scale.control({
      command: "load",
      weightGrams: truth?.weightGrams ?? 0,
      settleMs: random.between(100, 800),
    });
    platform.after(900, scan);
    platform.after(lookEveryMs * 2, look);
  }

  function scan(): void {
    if (inHand === null) return;
    options.mishapAt("scan");
    inHand.tries += 1;
    inHand.scannedAtMs = agenda.now();
    void station.twins.scanner.control({ command: "scan", data: inHand.truth.barcode ?? "" });
  }

  const hasLabel = ({ truth }: BenchParcel): boolean =>
    station.labelledAtMs(`WS${truth.orderId?.slice(3)}`) !== undefined;

  /** Looks at the screen: answers, waits, tries again, or takes the next one. */
  function look(): void {
    const view = station.isUp() ? station.lane("bench") : undefined;
    if (view === undefined) return void platform.after(lookEveryMs, look);
    const mine = view.parcels.find(({ barcode }) => barcode !== null && barcode === inHand?.truth.barcode);
    const asked = view.parcels.find(({ needs }) => needs === "label-answer");
    if (asked !== undefined) {
      const labelledAtMs = station.labelledAtMs(String(asked.barcode)) ?? Number.NEGATIVE_INFINITY;
      const printed = labelledAtMs > agenda.now() - 3_600_000;
      station.command("bench", {
        kind: "label-answered",
        parcelId: asked.parcelId,
        printed,
        operatorId: "op-1",
      });
    } else if (mine !== undefined) {
      if (agenda.now() - (inHand?.scannedAtMs ?? 0) > patienceMs)
        station.command("bench", { kind: "cleared", parcelId: mine.parcelId, operatorId: "op-1" });
    } else if (inHand !== null && agenda.now() - inHand.scannedAtMs > 4000) {
      const again = inHand.truth.rightChute !== null && !hasLabel(inHand) && inHand.tries < mostTries;
      if (again) scan();
      else {
        void station.twins.scale.control({ command: "load", weightGrams: 0, settleMs: 0 });
        inHand = null;
        platform.after(3000, () => inHand === null && takeNext());
        return;
      }
    }
    platform.after(lookEveryMs, look);
  }

  platform.after(random.between(0, Math.ceil(gapMs)), come);
  return {
    belt,
    bench,
    isDone: () => isOver && inHand === null && forBench.length === 0,
    count: () => belt.length + bench.length,
  };
}
export type Traffic = ReturnType<typeof startTraffic>;
