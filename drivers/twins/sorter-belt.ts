import { z } from "zod";
import { commandResults, type SorterEventType, type trackingStates } from "../sorters/register-map.ts";

/** What every sorter twin can be told at its start. */
export const beltOptions = {
  port: z.int().min(0).max(65_535).default(0),
  chutes: z.array(z.int()).default([1, 2, 3, 4, 5, 6, 7, 8, 9]),
  rejectChute: z.int().default(99),
  /** From induction to the switch: an assignment after it comes too late. */
  decisionMs: z.int().min(0).default(1000),
  /** From induction to the chute's photo eye. */
  travelMs: z.int().min(0).default(1200),
  /** A belt that waits for its orders: an assigned parcel arrives so soon after the assignment. */
  arriveAfterAssignMs: z.int().min(0).optional(),
  heartbeatMs: z.int().min(10).default(100),
};
const optionsSchema = z.object(beltOptions);
export type BeltOptions = z.infer<typeof optionsSchema>;

export const beltCommandSchema = z.discriminatedUnion("command", [
  z.strictObject({
    command: z.literal("induct"),
    parcelIndex: z.int().min(1).max(0xffff_ffff),
    /** Told by the protocols that carry one. */
    barcode: z.string().optional(),
  }),
  z.strictObject({ command: z.literal("lose"), parcelIndex: z.int() }),
  /** At its chute now, whatever is left of the travel. */
  z.strictObject({ command: z.literal("arrive"), parcelIndex: z.int() }),
  z.strictObject({ command: z.literal("jam"), chute: z.int().default(0) }),
  z.strictObject({ command: z.literal("chute-full"), chute: z.int() }),
  z.strictObject({ command: z.literal("chute-open"), chute: z.int() }),
  /** The sorter's program stands still, its network card does not. */
  z.strictObject({ command: z.literal("halt"), on: z.boolean() }),
]);
export type BeltCommand = z.infer<typeof beltCommandSchema>;

export type BeltEvent = {
  readonly type: SorterEventType;
  readonly parcelIndex: number;
  readonly chute: number;
  readonly barcode: string | null;
};

export type SorterTwinState = {
  /** Commands taken per parcel; more than one would be a double divert. */
  readonly commands: Readonly<Record<number, number>>;
  /** Where each parcel really went. */
  readonly confirmed: Readonly<Record<number, number>>;
  readonly stationHeartbeat: number;
  /** Last event the station has acknowledged. */
  readonly acknowledged: number;
  readonly lastEventSequence: number;
};

type Parcel = {
  readonly parcelIndex: number;
  readonly barcode: string | null;
  readonly inductedAtMs: number;
  chute: number | null;
  decided: boolean;
  timers: NodeJS.Timeout[];
};

/** The belt and its switches, without any protocol. It remembers everything, whoever connects or leaves. */
export function createBelt(
  options: BeltOptions,
  on: {
    readonly event: (event: BeltEvent) => void;
    readonly track?: (parcelIndex: number, state: (typeof trackingStates)[number], chute: number) => void;
  },
) {
  const parcels = new Map<number, Parcel>();
  const commands: Record<number, number> = {};
  const confirmed: Record<number, number> = {};
  let halted = false;

  const tell = (type: SorterEventType, parcelIndex: number, chute: number) =>
    on.event({ type, parcelIndex, chute, barcode: parcels.get(parcelIndex)?.barcode ?? null });

  const induct = (parcelIndex: number, barcode: string | null) => {
    const inductedAtMs = performance.now();
    const parcel: Parcel = { parcelIndex, barcode, inductedAtMs, chute: null, decided: false, timers: [] };
    parcels.set(parcelIndex, parcel);
    on.track?.(parcelIndex, "unassigned", 0);
    tell("induct", parcelIndex, 0);
    parcel.timers = [
      setTimeout(() => decide(parcel), options.decisionMs),
      setTimeout(() => arrive(parcel), options.travelMs),
    ];
  };

  const decide = (parcel: Parcel) => {
    parcel.decided = true;
    parcel.chute ??= options.rejectChute;
  };

  const arrive = (parcel: Parcel) => {
    decide(parcel);
    const chute = parcel.chute ?? options.rejectChute;
    confirmed[parcel.parcelIndex] = chute;
    on.track?.(parcel.parcelIndex, "confirmed", chute);
    tell("confirm", parcel.parcelIndex, chute);
  };

  const stopTimers = (parcelIndex: number) => {
    for (const timer of parcels.get(parcelIndex)?.timers ?? []) clearTimeout(timer);
  };

  const lose = (parcelIndex: number) => {
    stopTimers(parcelIndex);
    parcels.delete(parcelIndex);
    on.track?.(parcelIndex, "lost", 0);
    tell("lost", parcelIndex, 0);
  };

  const arriveNow = (parcelIndex: number) => {
    const parcel = parcels.get(parcelIndex);
    if (!parcel || confirmed[parcelIndex] !== undefined) return;
    stopTimers(parcelIndex);
    arrive(parcel);
  };

  const decideAssignment = (parcel: Parcel | undefined, chute: number, deadlineMs: number): number => {
    if (!parcel) return commandResults.unknownParcel;
    if (!options.chutes.includes(chute) && chute !== options.rejectChute) return commandResults.unknownChute;
    const ageMs = performance.now() - parcel.inductedAtMs;
    if (parcel.decided || ageMs > deadlineMs) return commandResults.late;
    parcel.chute = chute;
    on.track?.(parcel.parcelIndex, "assigned", chute);
    if (options.arriveAfterAssignMs !== undefined) {
      stopTimers(parcel.parcelIndex);
      parcel.timers = [setTimeout(() => arrive(parcel), options.arriveAfterAssignMs)];
    }
    return commandResults.accepted;
  };

  return {
    isHalted: () => halted,
    counts: () => ({ commands: { ...commands }, confirmed: { ...confirmed } }),
    /** One command taken; how it ended as the register map numbers it. */
    assign: (parcelIndex: number, chute: number, deadlineMs: number): number => {
      commands[parcelIndex] = (commands[parcelIndex] ?? 0) + 1;
      return decideAssignment(parcels.get(parcelIndex), chute, deadlineMs);
    },
    perform: (command: BeltCommand) => {
      if (command.command === "induct") induct(command.parcelIndex, command.barcode ?? null);
      else if (command.command === "lose") lose(command.parcelIndex);
      else if (command.command === "arrive") arriveNow(command.parcelIndex);
      else if (command.command === "halt") halted = command.on;
      else tell(command.command, 0, command.chute);
    },
    stop: () => {
      for (const parcelIndex of parcels.keys()) stopTimers(parcelIndex);
    },
  };
}
