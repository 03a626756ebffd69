import type { Socket } from "node:net";
import type { Direction, FaultPlan, LineFault, PlannedFault } from "./fault-plan.ts";

const usualMs = 300;
const garbledBytes = 6;
const garbledWithinBytes = 400;

export type LineDeps = {
  readonly plan: FaultPlan;
  readonly random: () => number;
  readonly later: (ms: number, act: () => void) => void;
};
export type FaultLine = ReturnType<typeof createFaultLine>;

/** One connection of the station and its other half to the cloud; at most one fault waits on it at a time. */
export function createFaultLine(station: Socket, cloud: Socket, { plan, random, later }: LineDeps) {
  let current: PlannedFault | null = null;
  const passed: Record<Direction, number> = { up: 0, down: 0 };
  const muted: Record<Direction, boolean> = { up: false, down: false };
  const delayed: Record<Direction, Buffer[] | null> = { up: null, down: null };
  const ends = { up: [station, cloud], down: [cloud, station] } as const;
  const pass = (direction: Direction, bytes: Buffer): void => write(...ends[direction], bytes);

  function mute(): void {
    muted.up = true;
    muted.down = true;
  }

  function close(how: "reset" | "end"): void {
    mute();
    closeBoth([station, cloud], how);
  }

  function delay({ direction, ms = usualMs }: LineFault, rest: Buffer): void {
    const [from] = ends[direction];
    const waiting = [rest];
    delayed[direction] = waiting;
    from.pause();
    later(ms, () => {
      delayed[direction] = null;
      pass(direction, Buffer.concat(waiting));
      from.resume();
    });
  }

  function perform(fault: LineFault, rest: Buffer): void {
    switch (fault.kind) {
      case "reset":
      case "end":
        return close(fault.kind);
      case "hold":
        mute();
        return later(fault.ms ?? usualMs, () => close("reset"));
      case "truncate":
        muted[fault.direction] = true;
        return void ends[fault.direction][1].end();
      case "garble":
        return pass(fault.direction, garble(rest, random));
      case "delay":
        return delay(fault, rest);
    }
  }

  /** The message ended before its fault's byte. */
  function giveBack(): void {
    if (current !== null) plan.giveBack(current);
    current = null;
  }

  return {
    muted: (direction: Direction): boolean => muted[direction],
    begin(fault: PlannedFault | null): void {
      passed.up = 0;
      passed.down = 0;
      current = fault;
    },
    giveBack,
    /** The answer begins: a fault on the way up came too late. */
    answered(): void {
      const fault = current?.fault;
      if (fault !== undefined && fault.kind !== "replay" && fault.direction === "up") giveBack();
    },
    /** The replay that waits for this upload, which is whole now. */
    takeReplay() {
      const fault = current?.fault;
      if (fault?.kind !== "replay") return null;
      current = null;
      plan.performed();
      return fault.how;
    },
    forward(direction: Direction, bytes: Buffer): void {
      if (muted[direction]) return;
      // What was read before the pause keeps its place.
      if (delayed[direction] !== null) return void delayed[direction].push(bytes);
      const room = roomBefore(current, direction, passed[direction]);
      passed[direction] += bytes.length;
      if (current === null || current.fault.kind === "replay" || room >= bytes.length)
        return pass(direction, bytes);
      const { on, fault } = current;
      current = null;
      plan.count(`${on} ${fault.kind} ${fault.direction}`);
      plan.performed();
      pass(direction, bytes.subarray(0, room));
      perform(fault, bytes.subarray(room));
    },
  };
}

function write(from: Socket, to: Socket, bytes: Buffer): void {
  if (bytes.length === 0 || to.destroyed || to.writableEnded || to.write(bytes)) return;
  from.pause();
  to.once("drain", () => from.resume());
}

function closeBoth(sockets: readonly Socket[], how: "reset" | "end"): void {
  for (const socket of sockets)
    if (how === "reset") socket.resetAndDestroy();
    else socket.end();
}

/** How many bytes may still pass in this direction. */
function roomBefore(plan: PlannedFault | null, direction: Direction, passedBytes: number): number {
  const fault = plan?.fault;
  if (fault === undefined || fault.kind === "replay" || fault.direction !== direction)
    return Number.POSITIVE_INFINITY;
  return Math.max(0, fault.afterBytes - passedBytes);
}

function garble(bytes: Buffer, random: () => number): Buffer {
  const spoilt = Buffer.from(bytes);
  for (let turned = 0; turned < garbledBytes && spoilt.length > 0; turned += 1) {
    const at = Math.floor(random() * Math.min(spoilt.length, garbledWithinBytes));
    spoilt[at] = (spoilt[at] ?? 0) ^ 0x80;
  }
  return spoilt;
}
