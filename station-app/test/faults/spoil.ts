import type { Random } from "../durability/disk-model.ts";
import {
  type Direction,
  type LineFault,
  lineFaults,
  type PlannedFault,
  type RequestClass,
  replays,
} from "./fault-plan.ts";
import type { Run } from "./run.ts";
import { expectUploadsGoOn } from "./traffic.ts";

/** How long the uplink leaves a refused log alone, and some. */
const refusedMs = 200_000;
const directions: readonly Direction[] = ["up", "down"];
/** Shorter than any request of these (a shape is asked for in about 350 bytes), and than the head of an answer. */
const reachBytes = { up: 250, down: 150 } as const;

/** Every kind of fault in the given directions, each at a byte of chance. */
export const planLineFaults = (
  on: RequestClass,
  random: Random,
  kinds: readonly LineFault["kind"][] = lineFaults,
): PlannedFault[] =>
  kinds.flatMap((kind) =>
    directions.map((direction) => {
      const afterBytes = Math.floor(random() * reachBytes[direction]);
      return { on, fault: { kind, direction, afterBytes, ms: 200 + Math.floor(random() * 600) } };
    }),
  );

/** A request garbled on its way up is refused, and a refused log waits two minutes: that belongs into the long run. */
export const isQuick = ({ on, fault }: PlannedFault): boolean =>
  on !== "upload" || fault.kind === "replay" || fault.kind !== "garble" || fault.direction !== "up";

export const planReplays = (): PlannedFault[] =>
  replays.map((how) => ({ on: "upload", fault: { kind: "replay", how } }));

/** One after the other, each followed by a good exchange: together they would only make the station wait longer. */
export async function spoilUploads(run: Run, faults: readonly PlannedFault[]): Promise<void> {
  for (const fault of faults) {
    run.proxy.plan([fault]);
    await run.station.until(
      () => run.proxy.left() === 0,
      `the fault ${JSON.stringify(fault)} to happen`,
      90_000,
    );
    await expectUploadsGoOn(run.station, isQuick(fault) ? undefined : refusedMs);
  }
}

/** All at once: six shapes are asked for without end. */
export async function spoilShapes(run: Run, faults: readonly PlannedFault[]): Promise<void> {
  run.proxy.plan(faults);
  await run.station.until(() => run.proxy.left() === 0, "the faults of the shapes to happen", 120_000);
}
