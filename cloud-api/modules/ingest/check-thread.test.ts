import { gzipSync } from "node:zlib";
import { factBatchContentType, writeFactBatch } from "@waystation/shared/wire/fact-batch";
import { afterEach, expect, test } from "vitest";
import { makeBatch, makeFacts } from "../../test-support/make-facts.ts";
import { checkHere, startCheckThread, type UploadChecker } from "./check-thread.ts";
import type { UploadToCheck } from "./check-upload.ts";

let checker: UploadChecker | undefined;
afterEach(() => checker?.stop());

const facts = makeFacts({ stationId: "s", count: 9 });

function makeUpload(text = writeFactBatch(makeBatch("s", facts), facts)): UploadToCheck {
  return {
    stationId: "s",
    contentType: factBatchContentType,
    body: { bytes: new Uint8Array(gzipSync(text)), isPacked: true },
    plainBytes: 100_000,
    month: "2026-11-01",
  };
}

test("a thread says what a call would say, whole, in part and refused, each to whoever asked", async () => {
  checker = startCheckThread();
  const { check } = checker;
  const broken = makeUpload(writeFactBatch(makeBatch("s", facts), facts).replace('"actor"', '"Actor"'));
  const questions: [UploadToCheck, number][] = [
    [makeUpload(), 0],
    [makeUpload(), 4],
    [broken, 0],
    [{ ...makeUpload(), stationId: "another" }, 0],
    [{ ...makeUpload(), plainBytes: 100 }, 0],
    [{ ...makeUpload(), body: { bytes: Buffer.from("no archive"), isPacked: true } }, 0],
  ];
  const answers = await Promise.all(questions.map(([upload, above]) => check(upload, above)));
  expect(answers).toEqual(
    await Promise.all(questions.map(([upload, above]) => checkHere.check(upload, above))),
  );
  expect(answers.map((answer) => (answer.ok ? answer.value.hashes.length : answer.failure.code))).toEqual([
    9,
    5,
    "facts.corrupt",
    "access.forbidden",
    "request.too-large",
    "request.invalid",
  ]);
});

test("a thread that dies fails what was asked of it, and the next question is answered", async () => {
  checker = startCheckThread();
  // Nothing a station can send does this: it stands for whatever nobody thought of.
  const deadly = { ...makeUpload(), body: null } as unknown as UploadToCheck;
  await expect(checker.check(deadly, 0)).rejects.toThrow("null");
  expect(await checker.check(makeUpload(), 0)).toMatchObject({ ok: true });
});
