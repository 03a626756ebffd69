import type { Effect } from "@waystation/shared/session/events";
import type { Printer } from "./printer.ts";
import type { TrueParcel } from "./truth.ts";
import type { World } from "./world.ts";

/** A parcel that a person packs, and how often it was tried. */
export type BenchParcel = { readonly truth: TrueParcel; tries: number };

const lookEveryMs = 400;
const patienceMs = 25_000;
const mostTries = 3;

/** A person with a scanner and a scale: one parcel in the hand, answers what the screen asks after looking at the printer. */
export function createBench(
  { agenda, random, faults, station }: World,
  printer: Printer,
  parcels: readonly TrueParcel[],
) {
  const waiting = [...parcels];
  const handled: BenchParcel[] = [];
  let inHand: BenchParcel | null = null;
  let scannedAtMs = 0;

  function scan(parcel: BenchParcel): void {
    const data = parcel.truth.barcode ?? "";
    const isHeard = station().deliver("bench", {
      kind: "reading",
      deviceId: "scanner",
      reading: { kind: "scan", data, symbology: "code-128" },
    });
    if (!isHeard) return;
    parcel.tries += 1;
    scannedAtMs = agenda.now();
  }

  const hasLabel = ({ truth }: BenchParcel): boolean =>
    printer.labels.some(({ orderId }) => orderId === truth.orderId);

  function takeNext(): void {
    const truth = waiting.shift();
    inHand = truth === undefined ? null : { truth, tries: 0 };
    if (inHand === null) return;
    handled.push(inHand);
    scan(inHand);
  }

  /** Looks at the screen: answers, waits, tries again, or takes the next one. */
  function look(): void {
    const view = station().view("bench");
    if (view === undefined) return;
    for (const { parcelId, needs } of view.parcels)
      if (needs === "label-answer") {
        const printed = printer.labels.some(({ jobId }) => jobId === `${parcelId}/label`);
        station().deliver("bench", { kind: "label-answered", parcelId, printed, operatorId: "op-1" });
      }
    const now = station().view("bench");
    if (now === undefined) return;
    const mine =
      inHand === null ? undefined : now.parcels.find(({ barcode }) => barcode === inHand?.truth.barcode);
    if (mine !== undefined) {
      if (agenda.now() - scannedAtMs > patienceMs)
        station().deliver("bench", { kind: "cleared", parcelId: mine.parcelId, operatorId: "op-1" });
    } else if (
      inHand !== null &&
      (inHand.tries === 0 ||
        (inHand.truth.rightChute !== null && !hasLabel(inHand) && inHand.tries < mostTries))
    )
      scan(inHand);
    else takeNext();
  }

  return {
    handled,
    isDone: () => inHand === null && waiting.length === 0,
    open(): void {
      look();
      if (inHand !== null || waiting.length > 0) agenda.after(lookEveryMs, () => this.open());
    },
    /** The scale weighs what lies on it when it answers. */
    weigh({ laneId, parcelId, scaleId }: Extract<Effect, { kind: "request-weight" }>, life: number): void {
      const isSilent = random.chance(faults.silentScale);
      agenda.after(random.between(300, 600), () => {
        const weightGrams = isSilent || inHand === null ? null : inHand.truth.weightGrams;
        const failure =
          weightGrams === null ? ({ code: "device.silent", details: { device: scaleId } } as const) : null;
        station().answer(life, laneId, {
          kind: "weight-answered",
          parcelId,
          deviceId: scaleId,
          weightGrams,
          failure,
        });
      });
    },
  };
}
export type Bench = ReturnType<typeof createBench>;
