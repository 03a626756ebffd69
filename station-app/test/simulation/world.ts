import {
  closeSync,
  copyFileSync,
  existsSync,
  openSync,
  readdirSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { CloudOptions, SimulatedCloud } from "./cloud.ts";
import { type Armoury, type Fault, type FaultKind, lineFaults, type Step, toMishap } from "./faults.ts";
import type { Exchange, Mishap, NetworkTap } from "./network.ts";
import type { Platform } from "./platform.ts";
import type { Random } from "./random.ts";
import type { Station, StationOptions } from "./station.ts";
import type { DeviceId } from "./twins.ts";

const stepOf: Readonly<Record<Exchange, Step>> = {
  upload: "upload",
  shape: "replicate",
  token: "token",
  report: "report",
};
const deviceOf: Partial<Record<Step, DeviceId>> = {
  read: "gate",
  scan: "scanner",
  weigh: "scale",
  print: "printer",
  divert: "sorter",
  confirm: "sorter",
};
const isLineFault = (kind: FaultKind): boolean => (lineFaults as readonly string[]).includes(kind);

type Site = {
  station: Station | null;
  clockErrorMs: number;
  freeBytes: number;
  cutUntilMs: number;
  cutHow: "refused" | "silent";
  isForked: boolean;
  /** Files that lived on and were taken away. */
  readonly copies: string[];
};

/** Lets the faults of a plan happen: each waits for its moment, does its harm and undoes what does not undo itself. */
export function createWorld(platform: Platform, armoury: Armoury, random: Random, stations: number) {
  const { agenda } = platform;
  const sites: Site[] = Array.from({ length: stations }, () => ({
    station: null,
    clockErrorMs: 0,
    freeBytes: 100e9,
    cutUntilMs: 0,
    cutHow: "refused",
    isForked: false,
    copies: [],
  }));
  let cloud: SimulatedCloud | null = null;
  let cloudClockErrorMs = 0;
  let cloudStatementsLeft: { left: number; readonly fault: Fault } | null = null;
  let isCloudOld = false;
  let isHealed = false;
  let wasCloudRestored = false;

  const siteOf = (stationId: string): number => Number(stationId.slice("station-".length)) - 1;

  /* ---- moments ---- */

  /** The first fault that waits at this step, counted; what it does is the caller's. */
  function take(at: number, step: Step, wanted: (kind: FaultKind) => boolean): Fault | null {
    if (isHealed) return null;
    const fault = armoury.pass(at, step, wanted);
    if (fault !== null) armoury.hit(fault);
    return fault;
  }

  function passPoint(at: number, point: string): boolean {
    const [when, ...rest] = point.split("-");
    const step = rest.join("-");
    if (point === "after-print-outcome")
      return take(at, "confirm", (kind) => kind === "engine-dies-after") !== null;
    if (when !== "before" && when !== "after") return false;
    if (when === "before" && (step === "print" || step === "divert")) harm(at, step);
    return take(at, step as Step, (kind) => kind === `engine-dies-${when}`) !== null;
  }

  /** Troubles of a device that begin at this very step. */
  function harm(at: number, step: Step): FaultKind | null {
    const fault = take(at, step, (kind) => !kind.startsWith("engine-") && toMishap(kind) === null);
    const site = sites[at];
    if (fault === null || site?.station == null) return null;
    const { twins } = site.station;
    const device = deviceOf[step] ?? "gate";
    const { kind, lastsMs } = fault;
    const undo = (act: () => void, afterMs = lastsMs): void => void platform.after(afterMs, act);
    if (isLineFault(kind) || kind === "delay") {
      const name = kind === "duplicate-bytes" ? "duplicate" : kind;
      const isLong = kind === "drop" && (step === "weigh" || step === "print" || step === "divert");
      void twins[device].control({
        command: "fault",
        fault: isLong ? "silent" : name,
        ...(isLong ? {} : { count: 1 }),
        delayMs: random.between(100, 4000),
      });
      if (isLong) undo(() => void twins[device].control({ command: "clear" }));
    } else if (kind === "unplugged") {
      void twins[device].control({ command: "disconnect" });
      undo(() => void twins[device].control({ command: "plug" }));
    } else if (kind === "cut-at-byte") {
      twins.lines[device].cutAfter(random.between(0, step === "print" ? 900 : 20), () => undefined);
      undo(() => twins.lines[device].heal());
    } else if (kind === "paper-out" || kind === "head-open") {
      const set = (on: boolean): void =>
        void twins.printer.control({ command: "condition", condition: kind, on });
      platform.after(random.between(0, 500), () => set(true));
      undo(() => set(false), lastsMs + 500);
    } else if (kind === "halted") {
      void twins.sorter.control({ command: "halt", on: true });
      undo(() => void twins.sorter.control({ command: "halt", on: false }));
    }
    return kind;
  }

  /* ---- what happens at a time ---- */

  function begin(fault: Fault): void {
    if (isHealed) return;
    if (fault.step !== "any") return armoury.arm(fault);
    const site = sites[fault.station];
    const { kind, lastsMs } = fault;
    if (site?.station == null) return;
    const { station } = site;
    const undo = (act: () => void): void => void platform.after(lastsMs, () => isHealed || act());
    const hourMs = 3_600_000;
    switch (kind) {
      case "engine-dies":
        restart(site);
        break;
      case "cloud-dies":
        if (cloud?.current() == null) return;
        reopenCloud(false, random.between(500, 20_000));
        break;
      case "cloud-power-cut":
        if (cloud?.current() == null) return;
        reopenCloud(true, random.between(500, 20_000));
        break;
      case "cloud-away":
        if (cloud?.current() == null) return;
        reopenCloud(false, lastsMs);
        break;
      case "partition-for-days":
        cutOff(site, lastsMs);
        break;
      case "station-clock-forward":
      case "station-clock-back":
        site.clockErrorMs += (kind === "station-clock-back" ? -1 : 1) * lastsMs * random.pick([1, 60]);
        if (Math.abs(site.clockErrorMs) > 30 * 24 * hourMs) site.clockErrorMs = 0;
        break;
      case "cloud-clock-forward":
      case "cloud-clock-back":
        cloudClockErrorMs += (kind === "cloud-clock-back" ? -1 : 1) * Math.min(lastsMs, 8 * hourMs);
        undo(() => (cloudClockErrorMs = 0));
        break;
      case "chute-full":
        void station.twins.sorter.control({ command: "chute-full", chute: 3 });
        undo(() => void station.twins.sorter.control({ command: "chute-open", chute: 3 }));
        break;
      case "operator-stop":
        station.command("belt", { kind: "stopped", reason: "jam", operatorId: "op-1" });
        // The stop is remembered over a restart: whoever comes by resumes until it runs.
        undo(() => resume(station));
        break;
      case "no-room":
        site.freeBytes = random.chance(0.5) ? 100e6 : 1e9;
        undo(() => (site.freeBytes = 100e9));
        break;
      case "orders-damaged":
        if (station.isHeldDown()) return;
        station.holdDown(random.between(500, 5000), () => damageOrders(station, random));
        break;
      case "facts-restored":
        if (site.isForked) return;
        restoreOlder(site);
        break;
      default:
        return;
    }
    armoury.hit(fault);
  }

  function resume(station: Station): void {
    if (station.lane("belt")?.status === "running") return;
    station.command("belt", { kind: "resumed", operatorId: "op-1" });
    platform.after(5000, () => resume(station));
  }

  function restart({ station }: Site): void {
    if (station === null) return;
    station.kill();
    startAgain(station);
  }

  const startAgain = (station: Station): void =>
    void platform.after(random.between(50, 6000), () => station.begin());

  function cutOff(site: Site, lastsMs: number): void {
    site.cutUntilMs = Math.max(site.cutUntilMs, agenda.now() + lastsMs);
    site.cutHow = random.pick(["refused", "silent"]);
  }

  function reopenCloud(isPowerCut: boolean, afterMs: number): void {
    cloud?.die(isPowerCut);
    wasCloudRestored ||= isPowerCut;
    platform.after(afterMs, () => cloud?.begin());
  }

  /** Takes a copy now; some parcels later the engine dies and finds the copy in the file's place. */
  function restoreOlder(site: Site): void {
    const { station } = site;
    if (station === null) return;
    if (station.isHeldDown()) return;
    site.isForked = true;
    const copy = join(station.dataDir, "older");
    const branch = join(station.dataDir, "branch.db");
    station.holdDown(random.between(50, 6000), () => copyFacts(station.paths.facts, copy));
    platform.after(random.between(5, 40) * 60_000, () => {
      if (station.isHeldDown()) return;
      station.holdDown(100, () => {
        copyFacts(station.paths.facts, branch);
        site.copies.push(branch);
        copyFacts(copy, station.paths.facts);
      });
    });
  }

  /* ---- for the parts ---- */

  const networkTap: Omit<NetworkTap, "onReply"> = {
    mishap(name, exchange): Mishap | null {
      const at = siteOf(name);
      const step = stepOf[exchange];
      const site = sites[at];
      if (site === undefined) return null;
      const cut = take(at, step, (kind) => kind === "partition" || kind === "old-cloud");
      if (cut?.kind === "partition") cutOff(site, cut.lastsMs);
      if (cut?.kind === "old-cloud") {
        isCloudOld = true;
        platform.after(cut.lastsMs, () => (isCloudOld = false));
      }
      const fault = take(at, step, (kind) => toMishap(kind) !== null);
      return fault === null ? null : toMishap(fault.kind);
    },
    onPoint(name, exchange, point): void {
      const at = siteOf(name);
      const station = sites[at]?.station;
      if (station == null) return;
      if (point === "arrived" && exchange === "upload") {
        const fault = take(at, "ingest", () => true);
        if (fault !== null) cloudStatementsLeft = { left: random.between(1, 12), fault };
      }
      if (point === "answered") {
        const step = exchange === "upload" ? "acknowledge" : stepOf[exchange];
        if (take(at, step, (kind) => kind === "cloud-dies") !== null)
          reopenCloud(false, random.between(500, 20_000));
      }
      const dies =
        (point === "sent" && exchange === "upload" && take(at, "upload", (kind) => kind === "engine-dies")) ||
        (point === "returned" &&
          exchange === "upload" &&
          take(at, "acknowledge", (kind) => kind === "engine-dies")) ||
        (point === "returned" &&
          exchange === "shape" &&
          take(at, "replicate", (kind) => kind === "engine-dies"));
      if (dies) platform.after(0, () => restart({ station } as Site));
    },
    isCut(name) {
      const site = sites[siteOf(name)];
      return site === undefined || agenda.now() >= site.cutUntilMs ? "no" : site.cutHow;
    },
    speaksOnly: () => (isCloudOld ? 1 : null),
  };

  return {
    sites,
    networkTap,
    begin,
    setCloud: (made: SimulatedCloud): void => {
      cloud = made;
    },
    wasCloudRestored: () => wasCloudRestored,
    cloudOptions: {
      clockErrorMs: () => cloudClockErrorMs,
      onStatement(): void {
        // A cloud that is only starting answers nobody: what ends in the middle of a batch is one that is open.
        if (cloudStatementsLeft === null || cloud?.current() == null) return;
        cloudStatementsLeft.left -= 1;
        if (cloudStatementsLeft.left > 0) return;
        const { fault } = cloudStatementsLeft;
        cloudStatementsLeft = null;
        reopenCloud(fault.kind === "cloud-power-cut", random.between(500, 20_000));
      },
    } satisfies Pick<CloudOptions, "clockErrorMs" | "onStatement">,
    stationOptions: (at: number): Pick<StationOptions, "clockErrorMs" | "freeBytes" | "onPoint"> => ({
      clockErrorMs: () => sites[at]?.clockErrorMs ?? 0,
      freeBytes: () => sites[at]?.freeBytes ?? 0,
      onPoint: (point) => {
        const dies = passPoint(at, point);
        const station = sites[at]?.station;
        if (dies && station != null) startAgain(station);
        return dies;
      },
    }),
    setStation(at: number, station: Station): void {
      const site = sites[at];
      if (site === undefined) return;
      site.station = station;
      station.onAccepted((parcelIndex) => {
        const fault = take(
          at,
          "confirm",
          (kind) => kind === "unplugged" || kind === "halted" || kind === "parcel-lost",
        );
        if (fault === null) return;
        const { sorter } = station.twins;
        const undo = (act: () => void): void => void platform.after(fault.lastsMs, act);
        if (fault.kind === "parcel-lost")
          platform.after(random.between(1, 800), () => void sorter.control({ command: "lose", parcelIndex }));
        if (fault.kind === "halted") {
          void sorter.control({ command: "halt", on: true });
          undo(() => void sorter.control({ command: "halt", on: false }));
        }
        if (fault.kind === "unplugged") {
          void sorter.control({ command: "disconnect" });
          undo(() => void sorter.control({ command: "plug" }));
        }
      });
    },
    mishapAt: (at: number) => (step: Step) => harm(at, step),
    /** Everything is well again from now on. */
    heal(): void {
      isHealed = true;
      armoury.disarm();
      isCloudOld = false;
      cloudClockErrorMs = 0;
      cloudStatementsLeft = null;
      for (const site of sites) {
        site.cutUntilMs = 0;
        site.freeBytes = 100e9;
        if (site.station !== null) healDevices(site.station);
        if (site.station !== null) resume(site.station);
      }
    },
  };
}
export type World = ReturnType<typeof createWorld>;

function healDevices({ twins }: Station): void {
  for (const device of Object.values(twins.lines)) device.heal();
  for (const device of [twins.gate, twins.sorter, twins.printer, twins.scanner, twins.scale])
    void device.control({ command: "clear" });
  for (const condition of ["paper-out", "head-open"])
    void twins.printer.control({ command: "condition", condition, on: false });
  void twins.sorter.control({ command: "halt", on: false });
}

function copyFacts(from: string, to: string): void {
  for (const end of ["", "-wal"]) {
    rmSync(`${to}${end}`, { force: true });
    if (existsSync(`${from}${end}`)) copyFileSync(`${from}${end}`, `${to}${end}`);
  }
  rmSync(`${to}-shm`, { force: true });
}

/** A few pages of the newest file of orders become noise. */
function damageOrders(station: Station, random: Random): void {
  const names = readdirSync(station.dataDir).filter((name) => /^orders.*\.db$/.test(name));
  const name = names.at(-1);
  if (name === undefined) return;
  const path = join(station.dataDir, name);
  const { size } = statSync(path);
  const file = openSync(path, "r+");
  for (let hit = 0; hit < 3; hit += 1) {
    const noise = random.bytes(512);
    writeSync(file, noise, 0, noise.length, random.between(0, Math.max(0, size - 512)));
  }
  closeSync(file);
}
