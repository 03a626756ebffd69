import { createHash } from "node:crypto";
import { describe, expect, onTestFinished, test } from "vitest";
import { encodeText } from "../kit/text.ts";
import { deviceDefinitions } from "../registry.ts";
import { startPrinterTwin } from "../twins/printer.ts";
import { connectTwin, oneModelPerFamily } from "./connect-twin.ts";
import { until } from "./recorder.ts";

const printers = deviceDefinitions.filter(({ kind }) => kind === "printer");
const quick = { pollMs: 20, settleMs: 200, silenceMs: 400 };
const withOdometer = { ...quick, odometer: true };
const label = encodeText("^XA^FO50,50^FH^FDparcel _7E _21^FS^XZ\n");
const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

async function setUp(
  model: string,
  twinOptions: Parameters<typeof startPrinterTwin>[0] = {},
  options: Readonly<Record<string, unknown>> = withOdometer,
) {
  const twin = await startPrinterTwin({ printTimeMs: 30, ...twinOptions });
  onTestFinished(twin.stop);
  const connected = connectTwin("printer", model, twin, options);
  await until(connected.isReady, "the printer is ready");
  const set = (condition: string, on = true) => twin.control({ command: "condition", condition, on });
  const { device } = connected;
  const print = (bytes = label, timeoutMs = 5000) => device.print({ jobId: "job-1", bytes, timeoutMs });
  return { twin, set, print, ...connected };
}

describe.each(printers.map(({ model }) => model))("%s", (model) => {
  test("prints each job once, byte for byte, and says so", async () => {
    const { twin, print } = await setUp(model, {}, quick);
    for (const round of [1, 2, 3]) {
      expect((await print()).outcome).toBe("printed");
      expect(twin.state().labelsPrinted).toBe(round);
    }
    const whole = Buffer.concat(twin.state().jobs.map((job) => job.bytes));
    expect(sha256(whole)).toBe(sha256(Buffer.concat([label, label, label])));
  });
});

describe.each(oneModelPerFamily(printers))("%s in trouble", (model) => {
  test("the counter before and after is part of the answer", async () => {
    const { device, print } = await setUp(model, { odometer: 500 });
    expect(await device.readOdometer(1000)).toEqual({ ok: true, value: 500 });
    expect(await print()).toEqual({ outcome: "printed", odometer: 501 });
  });

  test("a large job of several labels arrives whole though the printer reads slowly", async () => {
    const { twin, print } = await setUp(model, { printTimeMs: 5 });
    const graphic = "A".repeat(1_500_000);
    const bytes = encodeText(`^XA^GFA,1500000,1500000,100,${graphic}^FS^PQ3^XZ^XA^FDlast^FS^XZ`);
    expect((await print(bytes, 15_000)).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(4);
    const jobs = twin.state().jobs.map((job) => job.bytes);
    expect(sha256(Buffer.concat(jobs))).toBe(sha256(bytes));
  });

  test.each([
    ["paper-out", "printer.paper-out"],
    ["head-open", "printer.head-open"],
    ["ribbon-out", "printer.ribbon-out"],
    ["paused", "printer.paused"],
  ])(
    "%s before the job: failed, not one byte sent, a state to see; well again afterwards",
    async (condition, code) => {
      const { twin, set, print, states, isReady } = await setUp(model);
      await set(condition);
      expect(await print()).toMatchObject({ outcome: "failed", failure: { code } });
      expect(twin.state().jobs).toEqual([]);
      expect(states.at(-1)).toMatchObject({ state: "faulted", failure: { code } });
      await set(condition, false);
      expect((await print()).outcome).toBe("printed");
      expect(isReady()).toBe(true);
    },
  );

  test("silence before the job: failed, nothing sent", async () => {
    const { twin, print } = await setUp(model);
    await twin.control({ command: "fault", fault: "silent" });
    expect(await print(label, 3000)).toMatchObject({ outcome: "failed", failure: { code: "device.silent" } });
    expect(twin.state().jobs).toEqual([]);
  });

  test("paper runs out in the middle: unknown at the deadline, with the reason", async () => {
    const { twin, set, print } = await setUp(model, { printTimeMs: 200 });
    const outcome = print(label, 1200);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await set("paper-out");
    expect(await outcome).toMatchObject({ outcome: "unknown", failure: { code: "printer.paper-out" } });
  });

  test("paper runs out and is loaded in time: printed once", async () => {
    const { twin, set, print } = await setUp(model, { printTimeMs: 200 });
    const outcome = print(label, 8000);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await set("paper-out");
    await set("paper-out", false);
    expect((await outcome).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("a job the printer swallows without a label is failed, proven by the counter", async () => {
    const { set, print } = await setUp(model);
    await set("ignore-formats");
    const outcome = await print(label, 800);
    expect(outcome).toMatchObject({ outcome: "failed", failure: { code: "printer.not-printed" } });
  });

  test("the line breaks in the middle and comes back: still printed once and known", async () => {
    const { twin, print } = await setUp(model, { printTimeMs: 300 });
    const outcome = print(label, 8000);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await twin.control({ command: "disconnect", forMs: 50 });
    expect((await outcome).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("mute while it prints: asked again over a new line, printed", async () => {
    const { twin, print } = await setUp(model, { printTimeMs: 100 });
    const outcome = print(label, 8000);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await twin.control({ command: "fault", fault: "silent" });
    await until(() => twin.state().labelsPrinted === 1, "printed in silence");
    await twin.control({ command: "clear" });
    expect((await outcome).outcome).toBe("printed");
  });

  test("one job at a time", async () => {
    const { print, twin } = await setUp(model);
    const [first, second] = await Promise.all([print(), print()]);
    expect(first.outcome).toBe("printed");
    expect(second).toMatchObject({ outcome: "failed", failure: { code: "device.queue-full" } });
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("a job without a label format is refused before anything is sent", async () => {
    const { print, twin } = await setUp(model);
    expect(await print(encodeText("~SD15"))).toMatchObject({ outcome: "failed" });
    expect(twin.state().jobs).toEqual([]);
  });
});

describe.each(oneModelPerFamily(printers))("%s after a crash of the station", (model) => {
  /** The first station sends and is gone, as after a power cut; a second one asks what became of it. */
  async function crashDuring(bytes: Uint8Array, twinOptions: Parameters<typeof startPrinterTwin>[0]) {
    const first = await setUp(model, twinOptions);
    const before = await first.device.readOdometer(1000);
    void first.print(bytes, 30_000);
    const hasArrived = () => first.twin.state().formatsWaiting > 0 || first.twin.state().labelsPrinted > 0;
    await until(hasArrived, "the format is in the printer");
    await first.device.stop();
    const second = connectTwin("printer", model, first.twin, withOdometer);
    await until(second.isReady, "the second station is connected");
    return { ...second, twin: first.twin, odometerBefore: before.ok ? before.value : null };
  }

  test("what the printer had received it prints, and the counter tells", async () => {
    const { device, odometerBefore } = await crashDuring(label, { printTimeMs: 500 });
    const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore, timeoutMs: 5000 });
    expect(outcome).toEqual({ outcome: "printed", odometer: 1001 });
  });

  test("nothing arrived: failed, proven by an idle printer and an unchanged counter", async () => {
    const { device } = await setUp(model);
    const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore: 1000, timeoutMs: 5000 });
    expect(outcome).toMatchObject({ outcome: "failed", failure: { code: "printer.not-printed" } });
  });

  test("without a counter from before, or with more labels than ours: unknown", async () => {
    const { device } = await setUp(model);
    for (const odometerBefore of [null, 998]) {
      const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore, timeoutMs: 3000 });
      expect(outcome.outcome).toBe("unknown");
    }
  });

  test("a half-sent format is thrown away before the next label, which prints alone", async () => {
    const { twin, device, print } = await setUp(model);
    const half = label.slice(0, 20);
    // sent as a job of one label, so that the bytes leave; the end never does
    const outcome = await device.print({ jobId: "job-0", bytes: half, timeoutMs: 600, labels: 1 });
    expect(outcome.outcome).toBe("unknown");
    expect((await print()).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(1);
  });
});
