import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { verifyFacts } from "../../engine/core/verify-log.ts";
import { configureBareStation } from "./bare-station.ts";
import { type EngineProcess, startEngineProcess } from "./engine-process.ts";
import { readLog } from "./read-log.ts";
import { createRecorder } from "./recorder.ts";

/** The real engine over a disk that refuses: the recorder answers ENOSPC or EIO where the kernel would. */
let recorder: ReturnType<typeof createRecorder>;
const engines: EngineProcess[] = [];
beforeEach(() => {
  recorder = createRecorder();
});
afterEach(async () => {
  for (const engine of engines.splice(0)) {
    engine.kill();
    await engine.ended;
  }
  recorder.remove();
});

const factsPath = () => join(recorder.folder, "facts.db");
const laneId = "bench";

async function startStation() {
  const engine = startEngineProcess(recorder.folder, configureBareStation(recorder.folder), recorder.env);
  engines.push(engine);
  const client = await engine.ready;
  if (client === null) throw new Error(engine.stderr());
  return { engine, client, scan: (data: string) => client.lane.wedgeScan({ laneId, data }) };
}

function expectWholeLog(): void {
  expect(verifyFacts(factsPath())).toMatchObject({ ok: true });
  const db = new Database(factsPath(), { readonly: true });
  expect(db.pragma("quick_check", { simple: true })).toBe("ok");
  db.close();
}

test("a full disk stops the lane in words, records nothing wrong, and the line goes on when there is room again", async () => {
  const { engine, client, scan } = await startStation();
  for (let number = 0; number < 20; number += 1) expect(await scan(`BEFORE${number}`)).toEqual({ ok: true });
  const before = readLog(factsPath()).texts;

  writeFileSync(recorder.fullFlag, "");
  // Longer than the line must be quiet for a checkpoint, which has no room either.
  const quietEndsAt = performance.now() + 800;
  const refused = { ok: false, failure: { code: "store.full" } };
  while (performance.now() < quietEndsAt) {
    expect(await scan("REFUSED")).toMatchObject(refused);
    await new Promise((resolve) => setTimeout(resolve, 300));
  }
  const { view } = await client.station.status();
  expect(view.lanes[0]).toMatchObject({ status: "faulted", stopReason: "store.full", parcels: [] });
  expect(readLog(factsPath()).texts).toEqual(before);
  expectWholeLog();

  rmSync(recorder.fullFlag);
  // The first fact that finds room ends the engine: whatever the devices said meanwhile was lost, so it asks them again.
  void client.lane.resume({ laneId, operatorId: "op-1" }).catch(() => undefined);
  expect(await engine.ended).toBe("exit 70");
  const again = await startStation();
  expect(await again.scan("AFTER")).toEqual({ ok: true });
  expect((await again.client.station.status()).view.lanes[0]).toMatchObject({ status: "running" });
  expect(readLog(factsPath()).texts.slice(0, before.length)).toEqual(before);
  expectWholeLog();
}, 60_000);

test("a disk that cannot sync ends the engine at once: no answer, and what was answered before is there", async () => {
  const { engine, scan } = await startStation();
  expect(await scan("BEFORE")).toEqual({ ok: true });
  const before = readLog(factsPath()).texts;

  writeFileSync(recorder.brokenFlag, "");
  const answered = await Promise.race([
    scan("NOT SYNCED").catch(() => "no answer"),
    engine.ended.then(() => "no answer"),
  ]);
  expect(answered).toBe("no answer");
  expect(await engine.ended).toBe("exit 70");

  rmSync(recorder.brokenFlag);
  const again = await startStation();
  expect(readLog(factsPath()).texts.slice(0, before.length)).toEqual(before);
  expect(await again.scan("AFTER")).toEqual({ ok: true });
  expectWholeLog();
}, 60_000);
