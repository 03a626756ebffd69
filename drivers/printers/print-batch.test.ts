import { fail } from "@waystation/shared/failures/result";
import fc from "fast-check";
import { expect, onTestFinished, test } from "vitest";
import { connectTwin, startTwinOf } from "../conformance/connect-twin.ts";
import { until } from "../conformance/recorder.ts";
import type { PrintJob, PrintOutcome } from "../kit/device.ts";
import { encodeText } from "../kit/text.ts";
import type { PrinterTwinState } from "../twins/printer.ts";
import { printBatch } from "./print-batch.ts";

const toJob = (number: number, timeoutMs = 3000): PrintJob => ({
  jobId: `job-${number}`,
  bytes: encodeText(`^XA^FDparcel ${number}^FS^XZ\n`),
  timeoutMs,
});
const ids = (...numbers: number[]) => numbers.map((number) => `job-${number}`);

async function setUp(twinOptions: Readonly<Record<string, unknown>> = {}, odometer = true) {
  const twin = await startTwinOf<PrinterTwinState>({ onTestFinished }, "zpl", {
    printTimeMs: 30,
    ...twinOptions,
  });
  const options = { odometer, pollMs: 20, settleMs: 200, silenceMs: 400 };
  const { device, isReady } = connectTwin({ onTestFinished }, "printer", "zpl", twin, options);
  await until(isReady, "ready");
  const set = (condition: string, on = true) => twin.control({ command: "condition", condition, on });
  /** The numbers of the parcels whose labels arrived, in order. */
  const arrived = () => {
    const text = twin.state().jobs.map(({ bytes }) => Buffer.from(bytes).toString());
    return [...text.join("").matchAll(/parcel (\d+)/g)].map(([, number]) => Number(number));
  };
  return { twin, device, set, arrived, isReady };
}

test("all printed, in order, once each", async () => {
  const { twin, device, arrived } = await setUp();
  const jobs = [1, 2, 3, 4, 5].map((number) => toJob(number));
  const report = await printBatch(jobs, device);
  expect(report).toEqual({
    printed: ids(1, 2, 3, 4, 5),
    failed: [],
    unknown: [],
    notSent: [],
    failure: null,
  });
  expect(arrived()).toEqual([1, 2, 3, 4, 5]);
  expect(twin.state().labelsPrinted).toBe(5);
});

test("a fault between two jobs: the next one is failed, nothing behind it sent; resumed it goes on, nothing twice", async () => {
  const { twin, device, set, arrived } = await setUp();
  const jobs = [1, 2, 3, 4].map((number) => toJob(number));
  const onOutcome = async ({ jobId }: PrintJob) => {
    if (jobId === "job-2") await set("paper-out");
  };
  const first = await printBatch(jobs, { print: device.print, onOutcome });
  expect(first).toMatchObject({ printed: ids(1, 2), failed: ids(3), unknown: [], notSent: ids(4) });
  expect(first.failure?.code).toBe("printer.paper-out");
  expect(arrived()).toEqual([1, 2]);

  await set("paper-out", false);
  const second = await printBatch(jobs, device, { printed: new Set(first.printed) });
  expect(second).toMatchObject({ printed: ids(1, 2, 3, 4), failed: [], notSent: [], failure: null });
  expect(arrived()).toEqual([1, 2, 3, 4]);
  expect(twin.state().labelsPrinted).toBe(4);
});

test("a fault inside a job: unknown, stops; not resumed while it is, and goes on once a person has looked", async () => {
  const { twin, device, set, arrived } = await setUp({ printTimeMs: 150 });
  const jobs = [1, 2, 3].map((number) => toJob(number, 900));
  const running = printBatch(jobs, device);
  await until(() => arrived().includes(2), "the second label is in the printer");
  await set("head-open");
  const first = await running;
  expect(first).toMatchObject({ printed: ids(1), failed: [], unknown: ids(2), notSent: ids(3) });
  expect(first.failure?.code).toBe("printer.head-open");

  await set("head-open", false);
  await until(() => twin.state().labelsPrinted === 2, "it came out after all");
  const settled = { printed: new Set(first.printed), unknown: new Set(first.unknown) };
  const blocked = await printBatch(jobs, device, settled);
  expect(blocked).toMatchObject({ printed: ids(1), unknown: ids(2), notSent: ids(3) });
  expect(blocked.failure?.code).toBe("printer.unconfirmed");
  expect(arrived()).toEqual([1, 2]);

  const seen = await printBatch(jobs, device, { printed: new Set(ids(1, 2)) });
  expect(seen).toMatchObject({ printed: ids(1, 2, 3), failure: null });
  expect(twin.state().labelsPrinted).toBe(3);
});

test("the line goes between jobs and inside one: what is said is what came out", async () => {
  const { twin, device, arrived, isReady } = await setUp({ printTimeMs: 100 }, false);
  const jobs = [1, 2, 3].map((number) => toJob(number, 1000));
  const running = printBatch(jobs, device);
  await until(() => arrived().includes(2), "the second label is in the printer");
  await twin.control({ command: "disconnect", forMs: 50 });
  const first = await running;
  expect(first).toMatchObject({ printed: ids(1), unknown: ids(2), notSent: ids(3) });
  await until(() => isReady() && twin.state().formatsWaiting === 0, "well again");

  await twin.control({ command: "disconnect" });
  // before that the bytes would still be taken, and nobody could say what became of them
  await until(() => !isReady(), "the loss is noticed");
  const second = await printBatch(jobs, device, { printed: new Set(ids(1, 2)) });
  expect(second).toMatchObject({ printed: ids(1, 2), failed: ids(3), unknown: [], notSent: [] });
  expect(twin.state().labelsPrinted).toBe(2);
});

test("what is written down before a job leaves: a crash right there can only leave that one unknown", async () => {
  const log: string[] = [];
  const crash = new Error("crash");
  const print = async ({ jobId }: PrintJob): Promise<PrintOutcome> => {
    if (jobId === "job-2") throw crash;
    return { outcome: "printed", odometer: null };
  };
  const onSending = ({ jobId }: PrintJob) => void log.push(`sending ${jobId}`);
  const onOutcome = ({ jobId }: PrintJob) => void log.push(`done ${jobId}`);
  await expect(printBatch([toJob(1), toJob(2), toJob(3)], { print, onSending, onOutcome })).rejects.toBe(
    crash,
  );
  expect(log).toEqual(["sending job-1", "done job-1", "sending job-2"]);
});

test("a job given twice, and a stop: nothing is sent that should not be", async () => {
  const sent: string[] = [];
  const print = async ({ jobId }: PrintJob): Promise<PrintOutcome> => {
    sent.push(jobId);
    return { outcome: "printed", odometer: null };
  };
  const twice = await printBatch([toJob(1), toJob(2), toJob(1)], { print });
  expect(twice).toMatchObject({ printed: [], notSent: ids(1, 2, 1), failure: { code: "request.invalid" } });
  const stopped = await printBatch([toJob(1), toJob(2)], { print, isStopped: () => sent.length === 1 });
  expect(stopped).toMatchObject({ printed: ids(1), notSent: ids(2), failure: null });
  expect(sent).toEqual(ids(1));
});

test("whatever happens and however often it is resumed: each job at most once, all lists together the batch", async () => {
  const fate = fc.constantFrom<PrintOutcome["outcome"]>("printed", "printed", "failed", "unknown");
  await fc.assert(
    fc.asyncProperty(
      fc.array(fate, { maxLength: 12 }),
      fc.integer({ min: 1, max: 6 }),
      async (fates, size) => {
        const jobs = Array.from({ length: size }, (_, number) => toJob(number));
        const left = [...fates];
        const cameOut: string[] = [];
        const print = async ({ jobId }: PrintJob): Promise<PrintOutcome> => {
          const outcome = left.shift() ?? "printed";
          if (outcome !== "failed") cameOut.push(jobId);
          if (outcome === "printed") return { outcome, odometer: null };
          return { outcome, failure: fail("printer.unconfirmed").failure };
        };
        const settled = { printed: new Set<string>() };
        for (let round = 0; round < 20; round += 1) {
          const report = await printBatch(jobs, { print }, settled);
          const all = [...report.printed, ...report.failed, ...report.unknown, ...report.notSent];
          expect(all.toSorted()).toEqual(jobs.map(({ jobId }) => jobId).toSorted());
          // the person has looked: it is there
          settled.printed = new Set([...report.printed, ...report.unknown]);
          if (report.failure === null) break;
        }
        expect(cameOut).toEqual(jobs.map(({ jobId }) => jobId));
      },
    ),
    { numRuns: 100 },
  );
});
