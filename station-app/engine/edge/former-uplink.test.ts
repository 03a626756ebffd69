import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { FactDraft } from "@waystation/shared/facts/draft";
import { genesisHash, type StoredFact } from "@waystation/shared/facts/envelope";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { prepareReadLogFacts } from "../core/former-logs.ts";
import { openReadOnly } from "../core/open-database.ts";
import { salvageIfDamaged } from "../core/salvage.ts";
import { openStore, type Store, systemSources } from "../core/store.ts";
import { packFacts } from "../replica/pack-facts.ts";
import { type ScriptedCloud, startScriptedCloud } from "./scripted-cloud.test-support.ts";
import { startUplink, type Uplink } from "./uplink.ts";

/** From a broken file to the cloud: the true store, the true uplink, and a cloud that takes facts by the rules. */
let dir = "";
let cloud: ScriptedCloud;
let uplink: Uplink | null = null;
let store: Store | null = null;
const path = () => join(dir, "facts.db");
beforeEach(async () => {
  dir = mkdtempSync(join(tmpdir(), "waystation-former-"));
  cloud = await startScriptedCloud();
});
afterEach(async () => {
  uplink?.stop();
  store?.close();
  await cloud.stop();
  rmSync(dir, { recursive: true, force: true });
});

const total = 240;
const fact: FactDraft = {
  name: "lane.stopped.v1",
  lane: "belt",
  parcelId: null,
  actor: { kind: "engine" },
  payload: { reason: 'a "reason"' },
};

/** A log of 240 facts of which the cloud has some, and a file that lost others. */
function breakLog(lost: string): { readonly logId: string; readonly original: readonly StoredFact[] } {
  const before = openStore(path(), "station-1", systemSources());
  before.commit(Array.from({ length: total }, () => fact));
  before.close();
  const db = new Database(path());
  const original = prepareReadLogFacts(db)(before.logId, 0, total);
  db.pragma("secure_delete = ON");
  db.exec(`DELETE FROM facts WHERE ${lost}`);
  db.close();
  const fd = openSync(path(), "r+");
  writeSync(fd, Buffer.alloc(16));
  closeSync(fd);
  return { logId: before.logId, original };
}

function goOn(): Store {
  expect(salvageIfDamaged(path(), "station-1", systemSources())).not.toBeNull();
  const after = openStore(path(), "station-1", systemSources());
  after.commit([fact]);
  store = after;
  const reader = openReadOnly(path());
  const sending = startUplink(
    {
      url: cloud.url,
      stationId: "station-1",
      access: { token: async () => ({ ok: true, value: "token-1" }), refuse: () => {} },
      pack: (request) => packFacts(request, prepareReadLogFacts(reader)),
      onRestored: () => undefined,
      onAcknowledged: (logId, { receivedThrough, durableThrough }) =>
        logId === after.logId
          ? after.saveAcknowledged({ receivedThrough, durableThrough })
          : after.saveFormerReceived(logId, { receivedThrough, durableThrough }),
      onEnded: (logId, through) => {
        after.settleFormer(logId, through);
        while (after.carryFormer(20));
        sending.notify(after.lastSequence());
      },
      onLink: () => {},
    },
    [
      ...after.formerLogs().map(({ logId, lastSequence, receivedThrough }) => ({
        logId,
        recorded: lastSequence ?? 0,
        acknowledged: receivedThrough,
      })),
      { logId: after.logId, recorded: after.lastSequence(), acknowledged: 0 },
    ],
  );
  uplink = sending;
  return after;
}

/** The texts the new log carried up, put together again. */
function carriedIn(logId: string): string[] {
  const texts = new Map<number, string>();
  for (const { text } of cloud.logs.get(logId) ?? []) {
    const { type, payload } = JSON.parse(text) as {
      type: string;
      payload: { sequence: number; text: string };
    };
    if (type === "fact.salvaged")
      texts.set(payload.sequence, (texts.get(payload.sequence) ?? "") + payload.text);
  }
  return [...texts.values()];
}

function expectChain(facts: readonly StoredFact[]): void {
  let previousHash = genesisHash;
  for (const { text, hash } of facts) {
    expect(JSON.parse(text)).toMatchObject({ previousHash });
    previousHash = hash;
  }
}

/** What, what the file lost, what the cloud had, and whether something is left for the new log. */
const cases: readonly [string, string, number, boolean][] = [
  ["behind a hole the cloud does not have", "sequence BETWEEN 100 AND 103", 60, true],
  ["around a hole the cloud has", "sequence BETWEEN 100 AND 103", 150, false],
  ["without the first ones, which the cloud has", "sequence < 20", 19, false],
  ["without the first ones, which nobody has", "sequence < 20", 0, true],
  ["with two holes, the cloud within the second part", "sequence IN (50, 51, 180)", 120, true],
  ["without its end, which the cloud has", "sequence > 200", 240, false],
];

test.each(cases)(
  "a log %s goes up under its own name as far as it can, and the rest within the new one",
  async (_what, lost, had, hasRest) => {
    const { logId, original } = breakLog(lost);
    cloud.logs.set(logId, original.slice(0, had));
    const after = goOn();
    // A deleted fact may still lie whole in a free corner of the file: what can be read is what the salvage says.
    const isReadable = (sequence: number): boolean =>
      after.formerFacts(logId, sequence - 1, 1)[0]?.sequence === sequence;
    let has = had;
    while (isReadable(has + 1)) has += 1;
    const rest = original.filter(({ sequence }) => sequence > has && isReadable(sequence));
    expect(rest.length > 0).toBe(hasRest);
    const isUp = (): boolean => (cloud.logs.get(after.logId)?.length ?? 0) === after.lastSequence();
    await waitUntil(
      () => after.formerLogs().every(({ settled }) => settled) && isUp(),
      "everything to be up",
    );

    expect(cloud.logs.get(logId)).toEqual(original.slice(0, has));
    expect(carriedIn(after.logId)).toEqual(rest.map(({ text }) => text));
    const up = cloud.logs.get(after.logId) ?? [];
    expectChain(up);
    expect(JSON.parse(up[0]?.text ?? "")).toMatchObject({
      type: "log.salvaged",
      payload: { formerLogId: logId },
    });
  },
);
