import type { Failure } from "@waystation/shared/failures/result";
import type { ReplicatedShape } from "./shape-row.ts";

/** How often a shape may be asked for from the beginning before somebody hears of it. */
const quietRefetches = 3;
const refetchWaitMs = { first: 250, longest: 60_000 };
/** A refetch this long after the last one has nothing to do with it. */
const forgetRefetchesMs = 600_000;
const maxInvalidRows = 10_000;

export type ReplicaTroubles = ReturnType<typeof createReplicaTroubles>;

/** What an operator should know of the orders, one sentence at a time, the gravest first; told when it changes. */
export function createReplicaTroubles(
  onTrouble: (failure: Failure | null) => void,
  nowMs: () => number = () => performance.now(),
) {
  const refetches = new Map<ReplicatedShape, Refetches>();
  const invalidRows = new Map<string, ReplicatedShape>();
  let damage: string | null = null;
  let diskIsFull = false;
  let told = "null";

  function tell(): void {
    const failure = describe();
    const text = JSON.stringify(failure);
    if (text === told) return;
    told = text;
    onTrouble(failure);
  }

  function describe(): Failure | null {
    if (diskIsFull) return { code: "orders.disk-full", details: {} };
    for (const [shape, { times, pending }] of refetches)
      if (pending && times > quietRefetches) return { code: "orders.refetch-loop", details: { shape } };
    if (damage !== null) return { code: "orders.rebuilding", details: { reason: damage } };
    const [shape] = invalidRows.values();
    if (shape !== undefined)
      return { code: "orders.rows-refused", details: { count: invalidRows.size, shape } };
    return null;
  }

  return {
    rebuilding(reason: string): void {
      damage = reason;
      tell();
    },
    /** Every shape is up to date in the file in use. */
    complete(): void {
      damage = null;
      tell();
    },
    fullDisk(isFull: boolean): void {
      diskIsFull = isFull;
      tell();
    },
    /** Milliseconds to wait before the shape is asked for again; none the first time. */
    refetched(shape: ReplicatedShape): number {
      const last = refetches.get(shape);
      const related = last !== undefined && nowMs() - last.atMs < forgetRefetchesMs;
      const times = related ? last.times + 1 : 1;
      refetches.set(shape, { times, atMs: nowMs(), pending: true });
      tell();
      if (times === 1) return 0;
      return Math.min(refetchWaitMs.longest, refetchWaitMs.first * 2 ** Math.min(times - 2, 12));
    },
    /** The shape was up to date: its refetch came to an end. */
    arrived(shape: ReplicatedShape): void {
      const last = refetches.get(shape);
      if (last !== undefined) refetches.set(shape, { ...last, pending: false });
      tell();
    },
    row(shape: ReplicatedShape, key: string, valid: boolean): void {
      const name = `${shape}/${key}`;
      if (valid === !invalidRows.has(name)) return;
      if (valid) invalidRows.delete(name);
      else if (invalidRows.size < maxInvalidRows) invalidRows.set(name, shape);
      tell();
    },
  };
}

type Refetches = { readonly times: number; readonly atMs: number; readonly pending: boolean };
