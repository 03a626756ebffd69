import type { SizeReading } from "@waystation/shared/model/reading";
import type { DivertState, Effect, SessionEvent } from "@waystation/shared/session/events";
import type { TrueParcel } from "./truth.ts";
import type { World } from "./world.ts";

type Of<K extends Effect["kind"]> = Extract<Effect, { kind: K }>;

/** A parcel on the belt: the sorter knows its index and where it was told to put it, the world where it really went. */
export type BeltParcel = {
  readonly truth: TrueParcel;
  readonly index: number;
  readonly inductedAtMs: number;
  assigned: number | null;
  commands: number;
  isDecided: boolean;
  isLost: boolean;
  /** The chute it fell into; null while it is on its way. */
  landed: number | null;
  /** The core took the trigger: from then on the parcel may not be forgotten. */
  isAnnounced: boolean;
};

const rejectChute = 99;
const gateAtMs = { least: 200, most: 400 };
const switchAtMs = 4000;
const endAtMs = 4500;

/** A sorter with a gate before it. Both go on when the engine is dead; the sorter remembers what nobody took. */
export function createBelt({ agenda, random, faults, station, isIndexed }: World) {
  const parcels = new Map<number, BeltParcel>();
  const untaken: SessionEvent[] = [];
  let held: SizeReading | null = null;

  function tell(event: SessionEvent, delayMs = 20): void {
    agenda.after(delayMs, () => offer(event));
  }

  /** With a ring of events nothing is lost while the engine is away; a bare light barrier has none. */
  function offer(event: SessionEvent): void {
    if (!station().isUp()) {
      if (isIndexed) untaken.push(event);
      return;
    }
    const isTaken = station().deliver("belt", event);
    if (isTaken && event.kind === "inducted") announced(event.parcelIndex);
  }

  function announced(index: number): void {
    const parcel = parcels.get(index);
    if (parcel !== undefined) parcel.isAnnounced = true;
  }

  function passGate({ truth, index }: BeltParcel): void {
    const [lengthMillimetres, widthMillimetres, heightMillimetres] = truth.sides;
    const barcode = random.chance(faults.noRead) ? null : truth.barcode;
    const { weightGrams } = truth;
    const said = barcode === null ? { noRead: true } : { barcode };
    const at = isIndexed ? { parcelIndex: index } : {};
    read({
      kind: "size",
      lengthMillimetres,
      widthMillimetres,
      heightMillimetres,
      weightGrams,
      ...said,
      ...at,
    });
  }

  /** A swap takes the index of the parcel behind and gives that one its own. */
  function read(reading: SizeReading): void {
    const { parcelIndex } = reading;
    if (held !== null && parcelIndex !== undefined) {
      send({ ...reading, parcelIndex: parcelIndex - 1 });
      held = null;
    } else if (parcelIndex !== undefined && random.chance(faults.swapReadings)) {
      held = reading;
      send({ ...reading, parcelIndex: parcelIndex + 1 });
    } else send(reading);
  }

  function send(reading: SizeReading): void {
    if (!random.chance(faults.dropReading))
      station().deliver("belt", { kind: "reading", deviceId: "dws", reading });
  }

  function land(parcel: BeltParcel): void {
    const { index } = parcel;
    parcel.isLost = random.chance(faults.loseTrack);
    parcel.landed = parcel.isLost ? rejectChute : (parcel.assigned ?? rejectChute);
    if (random.chance(faults.loseConfirm)) return;
    const delayMs = random.chance(faults.lateConfirm) ? 12_000 : 20;
    tell(
      parcel.isLost
        ? { kind: "lost", parcelIndex: index }
        : { kind: "diverted", parcelIndex: index, chute: parcel.landed },
      delayMs,
    );
  }

  /** What the sorter answers to a command; null is a silent yes. */
  function assign({ parcelIndex, chute, deadlineMs }: Of<"divert">): "sorter.late" | null {
    const parcel = parcels.get(parcelIndex);
    if (parcel === undefined || parcel.isDecided || agenda.now() - parcel.inductedAtMs > deadlineMs)
      return "sorter.late";
    parcel.assigned = chute;
    parcel.commands += 1;
    return null;
  }

  function stateOf(index: number): DivertState {
    const parcel = parcels.get(index);
    if (parcel === undefined) return { state: "unknown-parcel" };
    if (parcel.isLost) return { state: "lost" };
    if (parcel.landed !== null) return { state: "confirmed", chute: parcel.landed };
    return parcel.assigned === null ? { state: "unassigned" } : { state: "assigned", chute: parcel.assigned };
  }

  return {
    parcels,
    put(truth: TrueParcel): void {
      const index = parcels.size + 1;
      const parcel: BeltParcel = {
        truth,
        index,
        inductedAtMs: agenda.now(),
        assigned: null,
        commands: 0,
        isDecided: false,
        isLost: false,
        landed: null,
        isAnnounced: false,
      };
      parcels.set(index, parcel);
      if (!random.chance(faults.dropTrigger))
        tell({ kind: "inducted", parcelIndex: index, deviceId: "sorter" });
      agenda.after(random.between(gateAtMs.least, gateAtMs.most), () => passGate(parcel));
      agenda.after(switchAtMs, () => {
        parcel.isDecided = true;
      });
      agenda.after(endAtMs, () => land(parcel));
    },
    divert(effect: Of<"divert">, life: number): void {
      const { commandId, laneId, parcelIndex } = effect;
      const fail = (code: "sorter.unconfirmed" | "sorter.late", delayMs: number) =>
        agenda.after(delayMs, () => {
          station().answer(life, laneId, {
            kind: "divert-failed",
            commandId,
            failure: { code, details: { device: "sorter", parcelIndex } },
          });
        });
      if (random.chance(faults.loseCommand)) return fail("sorter.unconfirmed", 300);
      agenda.after(15, () => {
        const refused = assign(effect);
        if (refused !== null) fail(refused, 15);
        else if (random.chance(faults.loseEcho)) fail("sorter.unconfirmed", 300);
      });
    },
    query({ laneId, parcelId, parcelIndex }: Of<"query-divert">, life: number): void {
      if (random.chance(faults.loseQuery)) return;
      agenda.after(50, () => {
        station().answer(life, laneId, { kind: "divert-state", parcelId, state: stateOf(parcelIndex) });
      });
    },
    /** A new engine reads what the ring still holds, in order. */
    reconnect(): void {
      for (const event of untaken.splice(0))
        offer(event.kind === "inducted" ? { ...event, isLate: true } : event);
    },
  };
}
export type Belt = ReturnType<typeof createBelt>;
