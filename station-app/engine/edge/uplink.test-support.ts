import { createHash } from "node:crypto";
import { genesisHash, type StoredFact } from "@waystation/shared/facts/envelope";
import type { Failure } from "@waystation/shared/failures/result";
import { afterEach, beforeEach, expect } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { packFacts } from "../replica/pack-facts.ts";
import { type ScriptedCloud, startScriptedCloud } from "./scripted-cloud.test-support.ts";
import { type LogPosition, startUplink, type Uplink, type UplinkOptions } from "./uplink.ts";

/** A log in memory with a true chain; what the replica thread reads from the file. */
export const makeLog = (logId: string, count: number, textSize = 0): StoredFact[] =>
  goOnWriting(logId, [], count, "x".repeat(textSize));

/** A log's first facts and others behind them; two that go on with different fillers are two branches. */
export function goOnWriting(
  logId: string,
  before: readonly StoredFact[],
  count: number,
  filler: string,
): StoredFact[] {
  let previousHash = before.at(-1)?.hash ?? genesisHash;
  const more = Array.from({ length: count }, (_, at) => {
    const sequence = before.length + at + 1;
    const text = JSON.stringify({ logId, sequence, filler, previousHash });
    previousHash = createHash("sha256").update(text).digest("hex");
    return { sequence, text, hash: previousHash };
  });
  return [...before, ...more];
}

/** As the reader of the file: from the first one above, and not across a hole. */
const untilHole = (facts: readonly StoredFact[], above: number) =>
  facts
    .filter(({ sequence }) => sequence > above)
    .filter(({ sequence }, index, [first]) => sequence === (first?.sequence ?? 0) + index);

/** Of the test that runs; what the uplink told in it. */
export let cloud: ScriptedCloud;
let uplink: Uplink | null;
export let links: (Failure | null)[];
export let acknowledged: Map<string, { receivedThrough: number; durableThrough: number }>;
export let restored: typeof acknowledged;
export let ended: [string, number][];
let token: string;
export let refused: string[];

/** Called by every file that uses this: files that run in one process share this module, and it is read but once. */
export function withScriptedCloud(): void {
  beforeEach(async () => {
    cloud = await startScriptedCloud();
    uplink = null;
    links = [];
    acknowledged = new Map();
    restored = new Map();
    ended = [];
    token = "token-1";
    refused = [];
  });
  afterEach(async () => {
    uplink?.stop();
    await cloud.stop();
  });
}

export const times = {
  firstMs: 10,
  longestMs: 40,
  refusedMs: 60_000,
  longestRefusedMs: 600_000,
  requestMs: 5000,
};

export function start(
  stored: Readonly<Record<string, readonly StoredFact[]>>,
  options: { positions?: readonly LogPosition[]; times?: Partial<UplinkOptions["times"]> } = {},
): Uplink {
  uplink = startUplink(
    {
      url: cloud.url,
      stationId: "station-1",
      access: {
        token: async () => ({ ok: true, value: token }),
        refuse: (old) => {
          refused.push(old);
          token = "token-2";
        },
      },
      pack: (request) =>
        packFacts(request, (logId, above, limit) => untilHole(stored[logId] ?? [], above).slice(0, limit)),
      onRestored: (logId, reply) => restored.set(logId, reply),
      onAcknowledged: (logId, reply) => acknowledged.set(logId, reply),
      onEnded: (logId, through) => ended.push([logId, through]),
      onLink: (failure) => links.push(failure),
      times: { ...times, ...options.times },
    },
    options.positions ??
      Object.entries(stored).map(([logId, facts]) => ({
        logId,
        recorded: facts.at(-1)?.sequence ?? 0,
        acknowledged: 0,
      })),
  );
  return uplink;
}

export const hashes = (facts: readonly StoredFact[] | undefined) => facts?.map(({ hash }) => hash);
export const untilComplete = (logId: string, facts: readonly StoredFact[]) =>
  waitUntil(
    () => acknowledged.get(logId)?.receivedThrough === facts.length,
    () => `${logId} to be acknowledged: ${JSON.stringify([[...acknowledged], links.slice(-3)])}`,
    15_000,
  );

export async function expectWhole(logId: string, facts: readonly StoredFact[]): Promise<void> {
  await untilComplete(logId, facts);
  expect(hashes(cloud.logs.get(logId))).toEqual(hashes(facts));
  expect(links.at(-1)).toBe(null);
}
