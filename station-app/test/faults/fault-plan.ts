/** up: from the station to the cloud. */
export type Direction = "up" | "down";
export type RequestClass = "upload" | "shape" | "other";
/**
 * reset, end: both sides are closed by RST or FIN. truncate: the rest of one message is dropped and its receiver sees
 * the end; the sender learns nothing. hold: silence in both directions, then a reset. delay: a pause in the middle.
 * garble: bytes with their highest bit turned, so that nothing readable becomes another readable thing.
 */
export const lineFaults = ["reset", "end", "truncate", "hold", "delay", "garble"] as const;
/** A whole upload once more: beside the first, after others, or several of them the wrong way round. */
export const replays = ["at-once", "later", "reversed"] as const;
export type Replay = (typeof replays)[number];

export type LineFault = {
  readonly kind: (typeof lineFaults)[number];
  readonly direction: Direction;
  /** Of the request or of its answer; where that is shorter, nothing happens and the fault waits for the next one. */
  readonly afterBytes: number;
  readonly ms?: number;
};
export type ReplayFault = { readonly kind: "replay"; readonly how: Replay };
export type PlannedFault = { readonly on: RequestClass; readonly fault: LineFault | ReplayFault };

export const classify = (path: string): RequestClass => {
  if (/^\/v1\/stations\/[^/]+\/facts/.test(path)) return "upload";
  return path.startsWith("/v1/shape") ? "shape" : "other";
};

/** Faults that wait for their request; each is counted when it acts, not when it is planned. */
export function createFaultPlan() {
  const planned: PlannedFault[] = [];
  const counts: Record<string, number> = {};
  let underWay = 0;
  return {
    add: (faults: readonly PlannedFault[]): void => void planned.push(...faults),
    take(on: RequestClass): PlannedFault | null {
      const at = planned.findIndex((plan) => plan.on === on);
      const [plan = null] = at < 0 ? [] : planned.splice(at, 1);
      if (plan !== null) underWay += 1;
      return plan;
    },
    /** The message was too short for it. */
    giveBack(plan: PlannedFault): void {
      planned.push(plan);
      underWay -= 1;
    },
    performed(): void {
      underWay -= 1;
    },
    count(name: string): void {
      counts[name] = (counts[name] ?? 0) + 1;
    },
    left: (): number => planned.length + underWay,
    counts: (): Readonly<Record<string, number>> => counts,
  };
}
export type FaultPlan = ReturnType<typeof createFaultPlan>;
