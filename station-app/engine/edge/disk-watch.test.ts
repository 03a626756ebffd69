import { expect, test } from "vitest";
import { describeRoom, type DiskState, readFreeBytes, startDiskWatch } from "./disk-watch.ts";

const limits = { warnBelowMegabytes: 2000, refuseBelowMegabytes: 500 };

function watch() {
  const changes: DiskState[] = [];
  let free: number | null = null;
  const disk = startDiskWatch({
    limits,
    readFree: () => (free === null ? Promise.reject(new Error("no answer")) : Promise.resolve(free)),
    onChange: (state) => changes.push(state),
    everyMs: 3_600_000,
  });
  return {
    disk,
    changes,
    /** Free megabytes; null: the disk does not answer. */
    async free(megabytes: number | null): Promise<string> {
      free = megabytes === null ? null : megabytes * 1e6;
      return (await disk.look()).room;
    },
  };
}

test("warns first, refuses later, and takes it back only well above each limit", async () => {
  const at = watch();
  const rooms: string[] = [];
  for (const free of [9000, 2000, 1999, 2100, 2201, 501, 499, 510, 549, 551, 2100, 3000, 100, 9000])
    rooms.push(await at.free(free));
  at.disk.stop();
  expect(rooms.join(" ")).toBe("enough enough low low enough low none none none low low enough none enough");
});

test("a disk that does not answer changes nothing", async () => {
  const at = watch();
  await at.free(100);
  expect(await at.free(null)).toBe("none");
  expect(at.changes).toHaveLength(1);
  at.disk.stop();
});

test("every state has its sentence, and enough has none", async () => {
  const at = watch();
  await at.free(1500);
  await at.free(100);
  await at.free(9000);
  at.disk.stop();
  expect(
    at.changes.map((state) => describeRoom(state, limits).map(({ code, details }) => [code, details])),
  ).toEqual([
    [["store.low", { freeMegabytes: 1500, refuseBelowMegabytes: 500 }]],
    [["store.nearly-full", {}]],
    [],
  ]);
});

test("the real disk answers", async () => {
  expect(await readFreeBytes(import.meta.dirname)).toBeGreaterThan(0);
  await expect(readFreeBytes("/no/such/folder")).rejects.toThrow("ENOENT");
});
