import Database from "better-sqlite3";
import { expect, onTestFinished, test } from "vitest";
import { startEngineProcess } from "./engine-process.ts";
import { type KillStation, openKillStation } from "./kill-station.ts";

type SorterState = { readonly acknowledged: number; readonly lastEventSequence: number };

const askSorter = async (station: KillStation): Promise<SorterState> =>
  ((await station.twins.sorter.ask({ command: "state" })) as unknown as { state: SorterState }).state;

async function until(holds: () => Promise<boolean> | boolean, what: string): Promise<void> {
  const deadlineMs = performance.now() + 15_000;
  while (!(await holds())) {
    if (performance.now() > deadlineMs) throw new Error(`waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const countParcels = (factsPath: string): number => {
  const db = new Database(factsPath, { readonly: true });
  const count = db.prepare("SELECT count(*) FROM parcels WHERE parcel_index = 7").pluck().get();
  db.close();
  return Number(count);
};

test("an engine that dies before an induction is durable hears of it again; the sorter keeps it until then", async () => {
  const station = await openKillStation({ counting: true, held: true, orders: 1 });
  onTestFinished(station.close);
  // the first commit is the boot's own, the second the induction's
  const dying = startEngineProcess(station.folder, station.configure({ point: "before-commit", count: 2 }));
  expect(await dying.ready).not.toBeNull();
  await station.induct(7);
  expect(await dying.ended).toContain("SIGKILL");
  expect(await askSorter(station)).toMatchObject({ acknowledged: 0, lastEventSequence: 1 });
  expect(countParcels(station.factsPath)).toBe(0);

  const next = startEngineProcess(station.folder, station.configure());
  expect(await next.ready).not.toBeNull();
  await until(() => countParcels(station.factsPath) === 1, "the parcel is known");
  await until(async () => (await askSorter(station)).acknowledged === 1, "the sorter may forget");
  next.terminate();
  await next.ended;
}, 60_000);
