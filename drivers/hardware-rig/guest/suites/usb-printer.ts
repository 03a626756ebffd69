import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { createRecorder, until } from "../../../conformance/recorder.ts";
import { connectDevice } from "../../../connect-device.ts";
import type { PrintOutcome } from "../../../kit/device.ts";
import type { Suite } from "../run-tests.ts";
import { loadModules, measureCpuShare, pause, waitForNode } from "../system.ts";
import { createLabelPrinter } from "../usb/label-printer.ts";

const recoveredWithinMs = 12_000;

function connectPrinter(serialNumber: string) {
  const recorder = createRecorder();
  const connection = { type: "usb", vendorId: 0x0a5f, productId: 0x0185, serialNumber } as const;
  const device = connectDevice(
    { deviceId: "printer-1", model: "zebra-zd421", connection },
    recorder.listener,
  );
  if (!device.ok || device.value.kind !== "printer") throw new Error(JSON.stringify(device));
  const printer = device.value;
  const print = (text: string, timeoutMs = 15_000): Promise<PrintOutcome> =>
    printer.print({ jobId: "job-1", bytes: Buffer.from(text, "latin1"), timeoutMs });
  const isFaulted = () => printer.state().state === "faulted";
  return { printer, print, isFaulted, isReady: recorder.isReady };
}

/** One format of about so many bytes. */
const label = (sizeBytes: number) => `^XA^FX${"0123456789".repeat(sizeBytes / 10)}^FS^XZ`;

/** How often the job came out of the cable, whole. */
const countWhole = (received: string, job: string) => received.split(job).length - 1;

/** A printer plugged in, the product connected and ready; both are let go afterwards. */
async function withPrinter(
  serialNumber: string,
  run: (
    twin: ReturnType<typeof createLabelPrinter>,
    station: ReturnType<typeof connectPrinter>,
  ) => Promise<void>,
): Promise<void> {
  const twin = createLabelPrinter(serialNumber);
  await twin.plug();
  const station = connectPrinter(serialNumber);
  station.printer.start();
  try {
    await until(station.isReady, "ready", recoveredWithinMs);
    await run(twin, station);
  } finally {
    await station.printer.stop();
    await twin.unplug();
  }
}

async function askThroughUsblp(): Promise<void> {
  const twin = createLabelPrinter("RIG5");
  await twin.plug();
  const node = await waitForNode("/dev/usb", /^lp\d+$/);
  const file = await open(node, constants.O_RDWR | constants.O_NONBLOCK);
  try {
    await file.write("~HS\r\n");
    const answer = Buffer.alloc(512);
    let bytesRead = 0;
    const read = async () => {
      bytesRead = await file.read(answer).then(
        (result) => result.bytesRead,
        () => 0,
      );
      return bytesRead > 0;
    };
    for (let attempt = 0; attempt < 100 && !(await read()); attempt += 1) await pause(20);
    equal(answer.subarray(0, 4).toString("latin1"), "\x02030");
  } finally {
    await file.close();
    await twin.unplug();
  }
}

async function loseInAnswer(
  twin: ReturnType<typeof createLabelPrinter>,
  station: ReturnType<typeof connectPrinter>,
): Promise<void> {
  for (const round of [1, 2]) {
    twin.halveReplies();
    const refused = station.print(label(100));
    await pause(300);
    await twin.unplug();
    await until(station.isFaulted, "the loss is told", 3000);
    equal((await refused).outcome, "failed");
    const share = await measureCpuShare(1500);
    ok(share < 0.7, `unplugged, the process takes ${(share * 100).toFixed(0)} % of a processor`);
    await twin.plug();
    await until(station.isReady, "ready after plugging in again", recoveredWithinMs);
    const job = label(100 + round * 10);
    equal((await station.print(job)).outcome, "printed");
    equal(countWhole(twin.received(), job), 1);
  }
}

async function loseInJob(
  twin: ReturnType<typeof createLabelPrinter>,
  station: ReturnType<typeof connectPrinter>,
): Promise<void> {
  twin.stuffAfter(70_000);
  const outcome = station.print(label(200_000), 12_000);
  await until(() => twin.received().length > 30_000, "the job is under way");
  await pause(200);
  await twin.unplug();
  await until(station.isFaulted, "the loss is told", 3000);
  await twin.plug();
  await until(station.isReady, "ready after plugging in again", recoveredWithinMs);
  equal((await outcome).outcome, "unknown");
  notEqual(twin.received(), "");
  equal(/\d{20}/.test(twin.received()), false, "the rest of the job went to the next connection");
  equal((await station.print(label(50))).outcome, "printed");
}

export const usbPrinter: Suite = {
  name: "usb-printer",
  prepare: () => loadModules("vhci-hcd", "usblp"),
  tests: [
    { name: "usblp takes a class 7 printer and carries a question and its answer", run: askThroughUsblp },
    {
      name: "taken from usblp over usbfs, prints once, counted by the printer; 200 kB arrive whole; usblp gets it back",
      run: () =>
        withPrinter("RIG6", async (twin, station) => {
          for (const job of [label(1000), label(200_000)]) {
            const before = twin.odometer();
            deepEqual(await station.print(job), { outcome: "printed", odometer: before + 1 });
            equal(countWhole(twin.received(), job), 1);
          }
          await station.printer.stop();
          await waitForNode("/dev/usb", /^lp\d+$/);
        }),
    },
    {
      name: "of two alike the one with the serial number is meant",
      run: async () => {
        const other = createLabelPrinter("RIG7");
        await other.plug();
        try {
          await withPrinter("RIG8", async (twin, station) => {
            equal((await station.print(label(100))).outcome, "printed");
            equal(countWhole(twin.received(), label(100)), 1);
            equal(other.received(), "");
          });
        } finally {
          await other.unplug();
        }
      },
    },
    {
      name: "unplugged in the middle of an answer: faulted, back, prints again",
      run: () => withPrinter("RIG9", loseInAnswer),
    },
    {
      name: "unplugged in the middle of a job: unknown, and the rest never comes out later",
      run: () => withPrinter("RIG10", loseInJob),
    },
  ],
};
