import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { configureBareStation } from "./bare-station.ts";
import { startEngineProcess } from "./engine-process.ts";
import { countSyncs, createRecorder } from "./recorder.ts";
import type { SyncPlan } from "./synced-commits.ts";

/** The only proof that a commit reaches the disk: what the process asked of the system, not what a pragma says. */
let recorder: ReturnType<typeof createRecorder>;
beforeEach(() => {
  recorder = createRecorder();
});
afterEach(() => recorder.remove());

const commits = 50;

function countSyncsOf(weak: boolean): number {
  const plan: SyncPlan = { path: join(recorder.folder, "facts.db"), commits, weak };
  const script = join(import.meta.dirname, "synced-commits.ts");
  const child = spawnSync(process.execPath, [script, JSON.stringify(plan)], {
    encoding: "utf8",
    env: { ...process.env, ...recorder.env },
  });
  if (child.signal !== "SIGKILL") throw new Error(child.stderr);
  return countSyncs(recorder.read(), "facts.db-wal");
}

test("fifty commits of the store and fifty of a second connection are at least a hundred syncs", () => {
  expect(countSyncsOf(false)).toBeGreaterThanOrEqual(2 * commits);
});

test("a build that falls back to NORMAL is seen", () => {
  expect(countSyncsOf(true)).toBeLessThan(10);
});

test("every commit of the real engine's core thread is synced before its answer", async () => {
  const engine = startEngineProcess(recorder.folder, configureBareStation(recorder.folder), recorder.env);
  try {
    const client = await engine.ready;
    if (client === null) throw new Error(engine.stderr());
    for (let turn = 0; turn < commits / 2; turn += 1) {
      const before = countSyncs(recorder.read(), "facts.db-wal");
      expect(await client.lane.stop({ laneId: "bench", reason: "test", operatorId: "op-1" })).toEqual({
        ok: true,
      });
      expect(await client.lane.resume({ laneId: "bench", operatorId: "op-1" })).toEqual({ ok: true });
      expect(countSyncs(recorder.read(), "facts.db-wal")).toBeGreaterThanOrEqual(before + 2);
    }
  } finally {
    engine.kill();
    await engine.ended;
  }
}, 60_000);
