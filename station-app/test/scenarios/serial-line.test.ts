import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as wait } from "node:timers/promises";
import { expect, test } from "vitest";
import { waitUntil } from "../durability/child-process.ts";
import { factsNamed } from "../durability/read-log.ts";
import { benchLane, devices, onStation, serialPath, untilEnded, waybillOf } from "./station-under-test.ts";

const serial = { line: "serial" };
const plan = {
  devices: { scanner: { ...devices.scanner, twin: serial }, scale: { ...devices.scale, twin: serial } },
  lanes: [{ ...benchLane, steps: ["weigh"], devices: { scanner: "scanner", scale: "scale" } }],
} as const;

/** The process at the far end of a pseudo terminal; its argument names the path, which is this test's alone. */
function findSocat(path: string): number | undefined {
  const isOurs = (pid: string) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "utf8").includes(`PTY,link=${path},`);
    } catch {
      return false;
    }
  };
  const found = readdirSync("/proc").find((name) => /^\d+$/.test(name) && isOurs(name));
  return found === undefined ? undefined : Number(found);
}

/** User and system time so far; proc(5) counts both in hundredths of a second. */
function readCpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

test(
  "the far end of both serial lines dies: it is noticed, costs nothing, and the next scan works",
  { timeout: 90_000 },
  () =>
    onStation(plan, async (station) => {
      await station.tell("scale", "load", { weightGrams: 205, settleMs: 0 });
      await station.tell("scanner", "scan", { data: waybillOf(1) });
      expect((await untilEnded(station, "bench", waybillOf(1))).outcome).toBe("accepted");

      for (const deviceId of ["scanner", "scale"] as const) {
        const pid = findSocat(serialPath(station.folder, deviceId));
        if (pid === undefined) throw new Error(`nobody holds the line of the ${deviceId}`);
        process.kill(pid, "SIGKILL");
      }
      await station.until(
        () => station.view().devices.every(({ state }) => state === "faulted"),
        "both devices to be faulted",
      );
      expect(station.view().devices.map(({ failure }) => failure?.code)).toEqual([
        "device.disconnected",
        "device.disconnected",
      ]);

      const from = { cpuMs: readCpuMs(station.pid), atMs: performance.now() };
      await wait(1500);
      expect((readCpuMs(station.pid) - from.cpuMs) / (performance.now() - from.atMs)).toBeLessThan(0.2);

      // The line is gone for the twin too: it clears away what is left of it and opens a new one.
      for (const deviceId of ["scanner", "scale"] as const)
        await station.tell(deviceId, "disconnect", { forMs: 100 });
      await station.until(
        () => station.view().devices.every(({ state }) => state === "ready"),
        "both devices to be back",
      );
      await station.tell("scale", "load", { weightGrams: 222, settleMs: 0 });
      await station.tell("scanner", "scan", { data: waybillOf(2) });
      expect(await untilEnded(station, "bench", waybillOf(2))).toMatchObject({
        outcome: "accepted",
        weightGrams: 222,
      });
      expect(
        factsNamed(station.facts(), "parcel.weighed.v1").map(({ payload }) => payload.weightGrams),
      ).toEqual([205, 222]);
      await waitUntil(() => station.lane("bench").counts.accepted === 2, "both parcels to be counted");
    }),
);
