import { crowdedBelt, onlyFaults, simulate } from "./arrangements.ts";
import type { Mutant } from "./mutant.ts";

const session = "shared/session";

/** Mistakes in what a lane does with its parcels. */
export const sessionMutants: readonly Mutant[] = [
  {
    name: "reading of one parcel used for the next",
    broken: "a reading that comes too late for its own parcel is given to the one that is there now",
    patches: [
      {
        file: `${session}/bind-reading.ts`,
        find: 'if (parcel.phase !== "gathering") return { kind: "discarded", reason: "late" };',
        replace: 'if (parcel.phase !== "gathering") return bindByWindow(state, kind, atMs);',
      },
      {
        file: `${session}/bind-reading.ts`,
        find: 'return ended ? { kind: "discarded", reason: "late" } : { kind: "not-inducted", parcelIndex };',
        replace: 'return ended ? bindByWindow(state, kind, atMs) : { kind: "not-inducted", parcelIndex };',
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(0.4, 1500, 20),
      rule: "missorted",
      says: "lies in chute",
      arranged: [onlyFaults("late/read")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "time of a reading not compared",
    broken: "a reading that bears an index belongs to that parcel, wherever it is on the belt",
    patches: [
      {
        file: `${session}/bind-reading.ts`,
        find: "const doubt = isInWindow(state, parcel, kind, atMs)",
        replace: 'const doubt = parcel.phase === "gathering"',
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(0.2, 2400, 10),
      rule: "missorted",
      says: "lies in chute",
      arranged: crowdedBelt,
      seeds: [1, 2, 3],
    },
  },
  {
    name: "unknown label printed again",
    broken: "a label whose outcome is unknown is printed again, so that nobody has to be asked",
    patches: [
      {
        file: `${session}/transitions.ts`,
        find: 'change(turn, parcel, { phase: "label-unknown", deadlineAtMs: null });',
        replace: "awaitPrinter(turn, parcel);",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(2, 60, 40),
      rule: "ended",
      says: "asked for a label while one was unknown",
      arranged: [onlyFaults("unplugged/print", "cut-at-byte/print", "drop/print", "head-open/print")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "divert repeated after a restart",
    broken: "after a restart a command whose outcome is not known is given once more",
    patches: [
      {
        file: `${session}/recover.ts`,
        find: 'if (found.divert !== "none") return askSorter(turn, parcel, found);',
        replace: 'if (found.divert === "failed") return askSorter(turn, parcel, found);',
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 20),
      rule: "ended",
      says: "was sent to a chute 2 times",
      arranged: [onlyFaults("engine-dies-after/divert")],
      seeds: [1, 2],
    },
  },
  {
    name: "chute asked for recorded as the one taken",
    broken: "a parcel ends in the chute it was sent to, whatever the sorter confirms",
    patches: [
      {
        file: `${session}/transitions.ts`,
        find: "if (chute === parcel.chute) endParcel(turn, parcel, chute, { isConfirmed });",
        replace: "if (parcel.chute !== null) endParcel(turn, parcel, parcel.chute, { isConfirmed });",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 30),
      rule: "chute",
      says: "ended accepted",
      arranged: [onlyFaults("halted/divert", "unplugged/divert", "drop/divert")],
      seeds: [1, 2, 3],
    },
  },
  {
    name: "a confirmation told again recorded again",
    broken: "where a parcel went is recorded as often as the sorter tells it",
    patches: [
      {
        file: `${session}/step.ts`,
        find: "ended === undefined || ended.isConfirmed",
        replace: "ended === undefined",
      },
    ],
    caught: {
      by: "simulator",
      args: simulate(1, 60, 30),
      rule: "ended",
      says: "has the same outcome of its divert twice",
      arranged: [onlyFaults("engine-dies-after/commit")],
      seeds: [1, 2, 3],
    },
  },
];
