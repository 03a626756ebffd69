import { closeSync, mkdtempSync, openSync, readdirSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { EngineConfig } from "../../engine/config/engine-config.ts";
import { saveIdentity } from "../../engine/core/salvage.ts";
import { openStore } from "../../engine/core/store.ts";
import { verifyFacts } from "../../engine/core/verify-log.ts";
import { configureBareStation } from "./bare-station.ts";
import { type EngineProcess, startEngineProcess } from "./engine-process.ts";
import { readLog } from "./read-log.ts";

/** The real engine on a file that broke: what it does by itself, and what it tells people. */
let folder = "";
const engines: EngineProcess[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "waystation-broken-"));
});
afterEach(async () => {
  for (const engine of engines.splice(0)) {
    engine.kill();
    await engine.ended;
  }
  rmSync(folder, { recursive: true, force: true });
});

const factsPath = () => join(folder, "facts.db");
const laneId = "bench";

function launch(crashAt?: EngineConfig["crashAt"]): EngineProcess {
  const config = configureBareStation(folder);
  const engine = startEngineProcess(folder, crashAt === undefined ? config : { ...config, crashAt });
  engines.push(engine);
  return engine;
}

async function start() {
  const engine = launch();
  const client = await engine.ready;
  if (client === null) throw new Error(engine.stderr());
  return { engine, client, scan: (data: string) => client.lane.wedgeScan({ laneId, data }) };
}

async function kill({ engine }: { readonly engine: EngineProcess }): Promise<void> {
  engine.kill();
  await engine.ended;
}

function overwriteHeader(): void {
  const fd = openSync(factsPath(), "r+");
  writeSync(fd, Buffer.alloc(100, 0x55), 0, 100, 0);
  closeSync(fd);
}

test("a broken file is set aside at the start, every fact is in the new one, and the screen says so; also when the start dies twice", async () => {
  const first = await start();
  for (let number = 0; number < 15; number += 1)
    expect(await first.scan(`BEFORE${number}`)).toEqual({ ok: true });
  await kill(first);
  const before = readLog(factsPath()).texts;
  overwriteHeader();

  for (const point of ["file-set-aside", "log-built"]) {
    const dying = launch({ point, count: 1 });
    expect(await dying.ready).toBeNull();
    await dying.ended;
  }
  const again = await start();
  const { view } = await again.client.station.status();
  expect(view.link.notices).toMatchObject([
    { code: "store.salvaged", details: { readable: before.length, lost: 0 } },
  ]);
  expect(await again.scan("AFTER")).toEqual({ ok: true });
  await kill(again);

  const { facts } = readLog(factsPath());
  expect(facts[0]).toMatchObject({
    name: "log.salvaged.v1",
    payload: { readableFacts: before.length, lostFacts: 0 },
  });
  const db = new Database(factsPath(), { readonly: true });
  expect(db.prepare("SELECT text FROM salvaged ORDER BY number").pluck().all()).toEqual(before);
  db.close();
  expect(verifyFacts(factsPath())).toMatchObject({ ok: true });
  expect(readdirSync(folder).filter((name) => /^facts\.damaged-.*\.db$/.test(name))).toHaveLength(1);
}, 180_000);

test("damage that no start sees is met while the line is quiet: the engine ends, and its next start saves the rest", async () => {
  const store = openStore(factsPath(), "station-1");
  saveIdentity(factsPath(), { stationId: "station-1", logId: store.logId });
  const fact = {
    name: "lane.resumed.v1",
    lane: laneId,
    parcelId: null,
    actor: { kind: "engine" },
    payload: {},
  } as const;
  store.commit(Array.from({ length: 3000 }, () => fact));
  store.close();
  const db = new Database(factsPath());
  db.pragma("secure_delete = ON");
  db.exec("DELETE FROM facts WHERE sequence = 77");
  db.close();

  const { engine } = await start();
  expect(await engine.ended).toBe("exit 70");
  const again = await start();
  const { view } = await again.client.station.status();
  expect(view.link.notices).toMatchObject([{ code: "store.salvaged", details: { readable: 3000, lost: 1 } }]);
  expect(await again.scan("AFTER")).toEqual({ ok: true });
}, 180_000);
