import { describe, expect, test } from "vitest";
import { encodeText } from "../kit/text.ts";
import { deviceDefinitions } from "../registry.ts";
import type { PrinterTwinState } from "../twins/printer.ts";
import { startTwin } from "../twins/registry.ts";
import { connectTwin, type DeviceTest, oneModelPerFamily, startTwinOf } from "./connect-twin.ts";
import { until } from "./recorder.ts";
import { languageOf, languages, quick, setUpPrinter, sha256 } from "./set-up-printer.ts";

const printers = deviceDefinitions.filter(
  ({ kind, familyName }) => kind === "printer" && familyName !== "spooled",
);
const families = oneModelPerFamily(printers);

describe.each(printers.map(({ model }) => model))("%s", (model) => {
  test("prints each job once, byte for byte, and says so", async (context) => {
    const { twin, print, whole, language } = await setUpPrinter(context, model);
    for (const round of [1, 2, 3]) {
      expect((await print()).outcome).toBe("printed");
      expect(twin.state().labelsPrinted).toBe(round);
    }
    expect(whole()).toBe(sha256(Buffer.concat([language.label, language.label, language.label])));
  });
});

describe.each(families)("%s in trouble", (model) => {
  const { troubles, withoutLabel } = languageOf(model);

  test("a job of several labels is printed when the last one is out", async (context) => {
    const { twin, print, language } = await setUpPrinter(context, model, { printTimeMs: 30 });
    expect((await print(language.fiveLabels)).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(5);
  });

  test.for(troubles)(
    "%s before the job: failed, not one byte sent, a state to see; well again afterwards",
    async ([condition, code], context) => {
      const { twin, set, print, states, isReady } = await setUpPrinter(context, model);
      await set(condition);
      expect(await print()).toMatchObject({ outcome: "failed", failure: { code } });
      expect(twin.state().jobs).toEqual([]);
      expect(states.at(-1)).toMatchObject({ state: "faulted", failure: { code } });
      await set(condition, false);
      expect((await print()).outcome).toBe("printed");
      expect(isReady()).toBe(true);
    },
  );

  test("silence before the job: failed, nothing sent", async (context) => {
    const { twin, print, language } = await setUpPrinter(context, model);
    await twin.control({ command: "fault", fault: "silent" });
    expect(await print(language.label, 3000)).toMatchObject({
      outcome: "failed",
      failure: { code: "device.silent" },
    });
    expect(twin.state().jobs).toEqual([]);
  });

  test("paper runs out in the middle: unknown at the deadline, with the reason", async (context) => {
    const { twin, set, print, language } = await setUpPrinter(context, model, { printTimeMs: 200 });
    const outcome = print(language.label, 1200);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await set("paper-out");
    const answer = await outcome;
    expect(answer).toMatchObject({ outcome: "unknown", failure: { code: "printer.paper-out" } });
  });

  test("paper runs out and is loaded in time: printed once", async (context) => {
    const { twin, set, print, language } = await setUpPrinter(context, model, { printTimeMs: 200 });
    const outcome = print(language.label, 8000);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await set("paper-out");
    await new Promise((resolve) => setTimeout(resolve, 100));
    await set("paper-out", false);
    expect((await outcome).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("mute while it prints: never printed twice, and never said to be printed on the strength of silence", async (context) => {
    const { twin, print, language } = await setUpPrinter(context, model, { printTimeMs: 100 });
    const outcome = print(language.label, 1500);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await twin.control({ command: "fault", fault: "silent" });
    await until(() => twin.state().labelsPrinted === 1, "printed in silence");
    expect((await outcome).outcome).toBe("unknown");
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("one job at a time", async (context) => {
    const { print, twin } = await setUpPrinter(context, model);
    const [first, second] = await Promise.all([print(), print()]);
    expect(first.outcome).toBe("printed");
    expect(second).toMatchObject({ outcome: "failed", failure: { code: "device.queue-full" } });
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test.skipIf(withoutLabel === null)(
    "a job without a label is refused before anything is sent",
    async (context) => {
      const { print, twin } = await setUpPrinter(context, model);
      expect(await print(withoutLabel ?? undefined)).toMatchObject({ outcome: "failed" });
      expect(twin.state().jobs).toEqual([]);
    },
  );

  test("noise, damage and answers cut into bytes: what is not understood is refused, the next answer heard", async (context) => {
    const { twin, print, ofKind, isReady } = await setUpPrinter(context, model);
    await twin.control({ command: "fault", fault: "split" });
    expect((await print()).outcome).toBe("printed");
    await twin.control({ command: "fault", fault: "noise", count: 1 });
    await print(undefined, 1500);
    await twin.control({ command: "clear" });
    await until(() => twin.state().formatsWaiting === 0, "idle");
    await until(isReady, "well again");
    expect(ofKind("refused").length).toBeGreaterThan(0);
    expect((await print()).outcome).toBe("printed");
  });
});

const counting = families.filter((model) => languageOf(model).counter !== null);
const countless = families.filter((model) => languageOf(model).counter === null);

describe.each(counting)("%s with its counter", (model) => {
  const counter = languageOf(model).counter ?? {};

  test("the counter before and after is part of the answer", async (context) => {
    const { device, print } = await setUpPrinter(context, model, { odometer: 500 }, counter);
    expect(await device.readOdometer(1000)).toEqual({ ok: true, value: 500 });
    expect(await print()).toEqual({ outcome: "printed", odometer: 501 });
  });

  test("the counter is read when nothing waits any more: a label given up may still come out", async (context) => {
    const { device, twin, print, language } = await setUpPrinter(
      context,
      model,
      { printTimeMs: 900 },
      counter,
    );
    expect((await print(language.label, 400)).outcome).toBe("unknown");
    expect(twin.state().labelsPrinted).toBe(0);
    expect(await device.readOdometer(5000)).toEqual({ ok: true, value: 1001 });
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("while a job is out only its end tells the counter", async (context) => {
    const { device, twin, print } = await setUpPrinter(context, model, { printTimeMs: 300 }, counter);
    const outcome = print();
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    expect(await device.readOdometer(1000)).toMatchObject({ failure: { code: "device.queue-full" } });
    expect(await outcome).toEqual({ outcome: "printed", odometer: 1001 });
  });

  test("a job the printer swallows without a label is failed, proven by the counter", async (context) => {
    const { set, print, language } = await setUpPrinter(context, model, {}, counter);
    await set("ignore-formats");
    const outcome = await print(language.label, 2500);
    expect(outcome).toMatchObject({ outcome: "failed", failure: { code: "printer.not-printed" } });
  });

  test("the line breaks in the middle and comes back: still printed once and known", async (context) => {
    const { twin, print, language } = await setUpPrinter(context, model, { printTimeMs: 300 }, counter);
    const outcome = print(language.label, 8000);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await twin.control({ command: "disconnect", forMs: 50 });
    expect((await outcome).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("mute while it prints: asked again over a new line, printed", async (context) => {
    const { twin, print, language } = await setUpPrinter(context, model, { printTimeMs: 100 }, counter);
    const outcome = print(language.label, 8000);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await twin.control({ command: "fault", fault: "silent" });
    await until(() => twin.state().labelsPrinted === 1, "printed in silence");
    await twin.control({ command: "clear" });
    expect((await outcome).outcome).toBe("printed");
  });

  /** The first station sends and is gone, as after a power cut; a second one asks what became of it. */
  async function crashDuring(context: DeviceTest, twinOptions: Readonly<Record<string, unknown>>) {
    const first = await setUpPrinter(context, model, twinOptions, counter);
    const before = await first.device.readOdometer(1000);
    void first.print(undefined, 30_000);
    const hasArrived = () => first.twin.state().formatsWaiting > 0 || first.twin.state().labelsPrinted > 0;
    await until(hasArrived, "the format is in the printer");
    await first.device.stop();
    const second = connectTwin(context, "printer", model, first.twin, { ...quick, ...counter });
    await until(second.isReady, "the second station is connected");
    return { ...second, twin: first.twin, odometerBefore: before.ok ? before.value : null };
  }

  test("after a crash: what the printer had received it prints, and the counter tells", async (context) => {
    const { device, odometerBefore } = await crashDuring(context, { printTimeMs: 300 });
    const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore, timeoutMs: 5000 });
    expect(outcome).toEqual({ outcome: "printed", odometer: 1001 });
  });

  test("after a crash: nothing arrived is failed, proven by an idle printer and an unchanged counter", async (context) => {
    const { device } = await setUpPrinter(context, model, {}, counter);
    const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore: 1000, timeoutMs: 5000 });
    expect(outcome).toMatchObject({ outcome: "failed", failure: { code: "printer.not-printed" } });
  });

  test("after a crash: without a counter from before, or with more labels than ours: unknown", async (context) => {
    const { device } = await setUpPrinter(context, model, {}, counter);
    for (const odometerBefore of [null, 998]) {
      const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore, timeoutMs: 3000 });
      expect(outcome.outcome).toBe("unknown");
    }
  });
});

describe.each(countless)("%s without any counter", (model) => {
  test("a job the printer swallows is never printed nor failed, only unknown", async (context) => {
    const { set, print, language } = await setUpPrinter(context, model);
    await set("ignore-formats");
    // the data was worked off: what an in-order answer proves, and no more
    const expected = model === "escpos" ? "printed" : "unknown";
    expect((await print(language.label, 800)).outcome).toBe(expected);
  });

  test("the line breaks in the middle: unknown, though it was printed once", async (context) => {
    const { twin, print, language } = await setUpPrinter(context, model, { printTimeMs: 300 });
    const outcome = print(language.label, 1500);
    await until(() => twin.state().formatsWaiting > 0, "the format is in the printer");
    await twin.control({ command: "disconnect", forMs: 50 });
    expect((await outcome).outcome).toBe("unknown");
    expect(twin.state().labelsPrinted).toBe(1);
  });

  test("after a crash nothing can be proven", async (context) => {
    const { device } = await setUpPrinter(context, model);
    expect(await device.readOdometer(1000)).toEqual({ ok: true, value: null });
    const outcome = await device.resolveJob({ jobId: "job-1", odometerBefore: null, timeoutMs: 3000 });
    expect(outcome).toMatchObject({ outcome: "unknown", failure: { code: "printer.unconfirmed" } });
  });
});

// Their short deadlines are kept alone.
describe("zpl", () => {
  const counter = { odometer: true };

  test("a large job of several labels arrives whole though the printer reads slowly", async (context) => {
    const { twin, print, whole } = await setUpPrinter(context, "zpl", { printTimeMs: 5 }, counter);
    const graphic = "A".repeat(1_500_000);
    const bytes = encodeText(`^XA^GFA,1500000,1500000,100,${graphic}^FS^PQ3^XZ^XA^FDlast^FS^XZ`);
    expect((await print(bytes, 15_000)).outcome).toBe("printed");
    expect(twin.state().labelsPrinted).toBe(4);
    expect(whole()).toBe(sha256(bytes));
  });

  /** As a job of one label, so that the bytes leave; the end never does. */
  const sendHalf = async ({ device, language }: Awaited<ReturnType<typeof setUpPrinter>>) =>
    device.print({ jobId: "job-0", bytes: language.label.slice(0, 20), timeoutMs: 600, labels: 1 });

  test("a half-sent format is thrown away before the next label, which prints alone", async (context) => {
    const printer = await setUpPrinter(context, "zpl", {}, counter);
    expect((await sendHalf(printer)).outcome).toBe("unknown");
    expect((await printer.print()).outcome).toBe("printed");
    expect(printer.twin.state().labelsPrinted).toBe(1);
    expect(printer.drawn()).toEqual(["^XA^FO50,50^FH^FDparcel _7E _21^FS^XZ"]);
  });

  test("so it is when the answer that would have told of it comes damaged and ~HQES, which cannot, stands in", async (context) => {
    const printer = await setUpPrinter(context, "zpl", {}, counter);
    expect((await sendHalf(printer)).outcome).toBe("unknown");
    await printer.twin.control({ command: "fault", fault: "garble", count: 1 });
    expect((await printer.print()).outcome).toBe("printed");
    expect(printer.drawn()).toEqual(["^XA^FO50,50^FH^FDparcel _7E _21^FS^XZ"]);
  });

  test("~HS silent in trouble: ~HQES names it", async (context) => {
    const { print, set, ofKind } = await setUpPrinter(context, "zpl", { silentStatus: true });
    await set("ribbon-out");
    expect(await print()).toMatchObject({ outcome: "failed", failure: { code: "printer.ribbon-out" } });
    expect(ofKind("printer-status").at(-1)).toMatchObject({ ribbonOut: true, paperOut: false, paused: true });
  });

  test.for([
    [{ odometer: true }, /set to line_print/],
    [{ odometer: false }, /not in ZPL mode/],
  ] as const)(
    "set to another language (%o): never ready, and the reason is said",
    async ([options, reason], context) => {
      const twin = await startTwinOf(context, "zpl", { language: "line_print" });
      const { isReady, ofKind, states } = connectTwin(context, "printer", "zpl", twin, {
        ...quick,
        ...options,
      });
      await until(() => ofKind("refused").some((refused) => reason.test(refused.reason)), "the reason");
      expect(isReady()).toBe(false);
      expect(states.at(-1)).toMatchObject({ state: "faulted", failure: { code: "device.silent" } });
    },
  );
});

describe("what a family must not conclude", () => {
  test("tspl: idle without ever having been seen printing is no proof", async (context) => {
    const { print, set, language } = await setUpPrinter(context, "tspl");
    await set("ignore-formats");
    expect(await print(language.label, 600)).toMatchObject({ outcome: "unknown" });
  });

  test("epl without US: a job that was sent stays unknown, at once", async (context) => {
    const { print, twin } = await setUpPrinter(context, "epl", {}, { acknowledge: false });
    expect(await print()).toMatchObject({ outcome: "unknown", failure: { code: "printer.unconfirmed" } });
    await until(() => twin.state().labelsPrinted === 1, "it printed all the same");
  });

  test("epl: one of two print commands acknowledged is not printed", async (context) => {
    const { print, twin, set } = await setUpPrinter(context, "epl", { printTimeMs: 150 });
    const outcome = print(encodeText("\nN\nP1\nN\nP1\n"), 1000);
    await until(() => twin.state().labelsPrinted === 1, "the first label");
    await set("head-open");
    expect(await outcome).toMatchObject({ outcome: "unknown", failure: { code: "printer.head-open" } });
  });

  test("escpos: neither an answer to another job's id nor none is a receipt", async (context) => {
    const { print, language } = await setUpPrinter(context, "escpos", {}, { completion: "none" });
    expect(await print(language.label)).toMatchObject({ outcome: "unknown" });
    const other = await setUpPrinter(context, "epson-tm-l90");
    for (const _ of [1, 2]) expect((await other.print()).outcome).toBe("printed");
  });
});

test.concurrent("a printer on a serial line: the same conversation over a pseudo terminal", async (context) => {
  const twin = await startTwin("epl", { line: "serial", printTimeMs: 30 });
  if (twin === null) throw new Error("no twin");
  context.onTestFinished(twin.stop);
  // without socat the twin offers TCP: then there is no serial line to test
  if (twin.connection.type !== "serial") return;
  const { device, isReady } = connectTwin(context, "printer", "zebra-lp2844", twin, quick);
  await until(isReady, "ready");
  const bytes = languages.epl?.label ?? new Uint8Array();
  expect(await device.print({ jobId: "1", bytes, timeoutMs: 5000 })).toEqual({
    outcome: "printed",
    odometer: null,
  });
  expect((twin.state() as PrinterTwinState).labelsPrinted).toBe(1);
});
