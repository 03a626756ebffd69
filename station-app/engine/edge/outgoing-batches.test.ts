import { succeed } from "@waystation/shared/failures/result";
import { expect, test } from "vitest";
import type { PackedFacts, PackRequest } from "../replica/pack-facts.ts";
import { createBackoff } from "./backoff.ts";
import { openOutgoing } from "./outgoing-batches.ts";
import { type Log, openLog } from "./uplink-log.ts";

const makeLog = (recorded: number) =>
  openLog({ logId: "log-1", recorded, acknowledged: 0 }, createBackoff({ firstMs: 1, longestMs: 1 }));

/** Batches of ten facts for a cloud that nobody answers for. */
function openAway(facts: { recorded: number }) {
  const asked: number[] = [];
  const pack = async ({ logId, above, version }: PackRequest): Promise<PackedFacts | null> => {
    asked.push(above);
    const last = Math.min(above + 10, facts.recorded);
    if (last <= above) return null;
    const body = new Uint8Array(1);
    return {
      logId,
      above,
      version,
      first: above + 1,
      last,
      count: last - above,
      sizeBytes: 1,
      contentType: "",
      body,
    };
  };
  const outgoing = openOutgoing({
    url: "http://127.0.0.1:1",
    stationId: "s1",
    access: { token: async () => succeed("token") },
    pack,
    requestMs: 2000,
    signal: new AbortController().signal,
  });
  const attempt = async (log: Log, atOnce = 1): Promise<boolean | undefined> => {
    await outgoing.fill(log, atOnce);
    const answer = await outgoing.next()?.answer;
    await outgoing.settle();
    return answer?.ok;
  };
  return { outgoing, attempt, asked };
}

test("a cloud that is away is offered the same batch again without packing it anew", async () => {
  const { outgoing, attempt, asked } = openAway({ recorded: 25 });
  const log = makeLog(25);
  for (let times = 0; times < 5; times += 1) expect(await attempt(log)).toBe(false);
  // Nothing behind it while it is in doubt whether it is ever taken.
  expect(asked).toEqual([0]);
  outgoing.speak(1);
  await attempt(log);
  expect(asked).toEqual([0, 0]);
  // A refusal may have been for what came of it.
  outgoing.packAnew();
  await attempt(log);
  expect(asked).toEqual([0, 0, 0]);
});

test("while all is well the batch behind those that go out is packed meanwhile", async () => {
  const { attempt, asked } = openAway({ recorded: 45 });
  const log = makeLog(45);
  await attempt(log, 2);
  expect(asked).toEqual([0, 10, 20]);
});

test("where there was nothing to pack there may be something later", async () => {
  const facts = { recorded: 0 };
  const { attempt, asked } = openAway(facts);
  const log = makeLog(5);
  expect(await attempt(log)).toBe(undefined);
  facts.recorded = 5;
  expect(await attempt(log)).toBe(false);
  expect(asked).toEqual([0, 0]);
});
