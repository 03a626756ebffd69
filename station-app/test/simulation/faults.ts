import type { Mishap } from "./network.ts";
import type { Random } from "./random.ts";

/** Where on a parcel's path something can happen. */
export const steps = [
  "induct",
  "read",
  "scan",
  "weigh",
  "commit",
  "write",
  "print",
  "divert",
  "confirm",
  "upload",
  "ingest",
  "acknowledge",
  "replicate",
  "token",
  "report",
  "any",
] as const;
export type Step = (typeof steps)[number];

const mishaps = [
  "delay",
  "duplicate",
  "late-copy",
  "cut-request",
  "cut-reply",
  "lost-request",
  "lost-reply",
  "busy",
] as const satisfies readonly Mishap[];
export const lineFaults = ["drop", "garble", "noise", "late", "duplicate-bytes", "split"] as const;

const requests: readonly Step[] = ["upload", "replicate", "token", "report"];
const bytes: readonly Step[] = ["read", "scan", "weigh", "print", "divert"];

/** What can go wrong, and at which steps; every pair is a cell of the table that the long run must fill. */
export const catalog = {
  "engine-dies-before": ["commit", "write", "print", "divert"],
  "engine-dies-after": ["commit", "write", "print", "divert", "confirm"],
  "engine-dies": ["upload", "acknowledge", "replicate", "any"],
  "cloud-dies": ["ingest", "acknowledge", "replicate", "any"],
  "cloud-power-cut": ["ingest", "any"],
  "cloud-away": ["any"],
  "old-cloud": ["upload"],
  partition: ["upload", "replicate", "token", "report"],
  "partition-for-days": ["any"],
  delay: requests,
  duplicate: requests,
  "late-copy": ["upload", "token", "report"],
  "cut-request": ["upload", "token", "report"],
  "cut-reply": requests,
  "lost-request": requests,
  "lost-reply": requests,
  busy: requests,
  "station-clock-forward": ["any"],
  "station-clock-back": ["any"],
  "cloud-clock-forward": ["any"],
  "cloud-clock-back": ["any"],
  drop: bytes,
  garble: bytes,
  noise: bytes,
  late: bytes,
  "duplicate-bytes": ["read", "scan"],
  split: bytes,
  unplugged: ["read", "scan", "weigh", "print", "divert", "confirm"],
  "cut-at-byte": ["weigh", "print", "divert"],
  "trigger-missed": ["induct"],
  "no-read": ["read"],
  swapped: ["read"],
  "paper-out": ["print"],
  "head-open": ["print"],
  halted: ["divert", "confirm"],
  "parcel-lost": ["confirm"],
  "chute-full": ["any"],
  "operator-stop": ["any"],
  "no-room": ["any"],
  "orders-damaged": ["any"],
  "facts-restored": ["any"],
} as const satisfies Record<string, readonly Step[]>;
export type FaultKind = keyof typeof catalog;

export type Fault = {
  readonly id: number;
  readonly kind: FaultKind;
  readonly step: Step;
  /** -1: the cloud. */
  readonly station: number;
  readonly atMs: number;
  /** How often the step is passed before it happens. */
  readonly skip: number;
  readonly lastsMs: number;
};

export const cells: readonly (readonly [FaultKind, Step])[] = Object.entries(catalog).flatMap(([kind, at]) =>
  at.map((step) => [kind as FaultKind, step] as const),
);

const isMishap = (kind: FaultKind): kind is (typeof mishaps)[number] =>
  (mishaps as readonly string[]).includes(kind);
export const toMishap = (kind: FaultKind): Mishap | null => (isMishap(kind) ? kind : null);

/** Rare, for each costs a rebuilt database or forgets what a station did. */
const rareShare: Partial<Record<FaultKind, number>> = {
  "cloud-power-cut": 0.2,
  "cloud-dies": 0.35,
  "orders-damaged": 0.3,
  "facts-restored": 0.04,
  "partition-for-days": 0.15,
};
const minuteMs = 60_000;

/** Spread evenly over the time; every cell comes about as often, whatever the seed. */
export function planFaults(
  random: Random,
  options: { readonly count: number; readonly stations: number; readonly lastsMs: number },
): Fault[] {
  const plan: Fault[] = [];
  let deck: (readonly [FaultKind, Step])[] = [];
  while (plan.length < options.count) {
    if (deck.length === 0)
      deck = shuffle(
        random,
        cells.filter(([kind]) => random.chance(rareShare[kind] ?? 1)),
      );
    const cell = deck.pop();
    if (cell === undefined) continue;
    const [kind, step] = cell;
    plan.push({
      id: plan.length + 1,
      kind,
      step,
      station: random.between(0, options.stations - 1),
      atMs: Math.floor(options.lastsMs * random.fraction() * 0.97),
      skip: step === "commit" || step === "write" ? random.between(0, 12) : random.between(0, 2),
      lastsMs: lengthOf(kind, random, options.lastsMs),
    });
  }
  return plan.sort((one, other) => one.atMs - other.atMs || one.id - other.id);
}

function lengthOf(kind: FaultKind, random: Random, allMs: number): number {
  if (kind === "partition-for-days") return Math.min(allMs / 2, random.between(8, 60) * 60 * minuteMs);
  if (kind === "partition" || kind === "cloud-away" || kind === "old-cloud")
    return random.between(1, 40) * minuteMs;
  if (kind.includes("clock")) return random.between(1, 20 * 60) * minuteMs;
  if (kind === "no-room") return random.between(1, 10) * minuteMs;
  return random.between(2000, 45_000);
}

function shuffle<T>(random: Random, items: readonly T[]): T[] {
  const left = [...items];
  for (let at = left.length - 1; at > 0; at -= 1) {
    const other = random.between(0, at);
    const [one, two] = [left[at], left[other]];
    if (one === undefined || two === undefined) continue;
    left[at] = two;
    left[other] = one;
  }
  return left;
}

/** Faults that wait for their step, and the count of those that happened. */
export function createArmoury(plan: readonly Fault[]) {
  const waiting = new Map<string, { readonly fault: Fault; skip: number }[]>();
  const hits = new Map<string, number>();
  const fired: number[] = [];
  const key = (station: number, step: Step): string => `${station}/${step}`;

  return {
    plan,
    hits,
    fired,
    arm(fault: Fault): void {
      const at = key(fault.station, fault.step);
      waiting.set(at, [...(waiting.get(at) ?? []), { fault, skip: fault.skip }]);
    },
    /** The step is passed: the first fault that waits for one of these kinds there and now. */
    pass(station: number, step: Step, wanted: (kind: FaultKind) => boolean): Fault | null {
      const armed = waiting.get(key(station, step));
      if (armed === undefined || armed.length === 0) return null;
      const found = armed.find(({ fault }) => wanted(fault.kind));
      if (found === undefined) return null;
      if (found.skip > 0) {
        found.skip -= 1;
        return null;
      }
      waiting.set(
        key(station, step),
        armed.filter((other) => other !== found),
      );
      return found.fault;
    },
    hit(fault: Fault): void {
      const cell = `${fault.kind}/${fault.step}`;
      hits.set(cell, (hits.get(cell) ?? 0) + 1);
      fired.push(fault.id);
    },
    disarm: (): void => waiting.clear(),
  };
}
export type Armoury = ReturnType<typeof createArmoury>;
