import type { Random } from "../durability/disk-model.ts";
import type { Run } from "./run.ts";
import { expectParcelsGoOn, expectUploadsGoOn } from "./traffic.ts";

export type Victim = "cloud" | "engine" | "postmaster" | "backend";
/** Deaths by victim, and by whether the upload they hit had been answered. */
export type KillCounts = Record<string, number>;

const longestWaitMs = 80;

/** Kills while an upload is under way, at a moment of chance between its last byte and some time after the answer. */
export async function killInUpload(
  run: Run,
  victim: Victim,
  random: Random,
  counts: KillCounts,
): Promise<void> {
  const upload = await withDeadline(run.proxy.nextUpload());
  await new Promise((resolve) => setTimeout(resolve, random() ** 2 * longestWaitMs));
  const when = upload.isAnswered ? "after its answer" : "in the middle";
  counts[`${victim} ${when}`] = (counts[`${victim} ${when}`] ?? 0) + 1;
  await kills[victim](run);
  await expectUploadsGoOn(run.station);
}

/** What dies, what must go on meanwhile, and how it comes back. */
const kills: Readonly<Record<Victim, (run: Run) => Promise<void>>> = {
  cloud: async ({ cloud, station }) => {
    await cloud.kill();
    await expectParcelsGoOn(station, 1);
    await cloud.start();
  },
  engine: async ({ station }) => {
    await station.kill();
    await station.start();
  },
  postmaster: async ({ postgres, station }) => {
    await postgres?.killAll();
    await expectParcelsGoOn(station, 1);
    await postgres?.start();
  },
  backend: async ({ postgres }) => {
    postgres?.killBackend();
  },
};

const deadlineMs = 90_000;

async function withDeadline<T>(work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error("no upload came")), deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
