import { describe, expect, test } from "vitest";
import { deviceDefinitions } from "../registry.ts";
import type { ScannerTwinState } from "../twins/scanner.ts";
import { connectTwin, type DeviceTest, oneModelPerFamily, startTwinOf } from "./connect-twin.ts";
import { until } from "./recorder.ts";

const scanners = deviceDefinitions.filter(({ kind }) => kind === "scanner");

/** The twin set like the model, where it is not set like its family. */
const settings: Readonly<Record<string, object>> = {
  "sick-clv": { framing: "stx-etx" },
  "datalogic-matrix": { framing: "stx-etx" },
  "cognex-dataman": { extended: true },
};

async function setUp(
  context: DeviceTest,
  model: string,
  line: "serial" | "tcp" = "serial",
  options = {},
  more: object = {},
) {
  // CR LF suits both: scanners set to CR alone ignore the line feed
  const twin = await startTwinOf<ScannerTwinState>(context, model, {
    line,
    terminator: "\r\n",
    ...settings[model],
    ...more,
  });
  const connected = connectTwin(context, "scanner", model, twin, options);
  await until(connected.isReady, "the scanner is ready");
  const scan = (data: string, aim = "]C0") => twin.control({ command: "scan", data, aim });
  const scanned = () => connected.ofKind("scan").map(({ data }) => data);
  return { twin, scan, scanned, ...connected };
}

test.concurrent.for(scanners.map(({ model }) => model))(
  "%s delivers every scan in its order",
  async (model, context) => {
    const { scan, scanned, ofKind } = await setUp(context, model);
    const barcodes = Array.from({ length: 20 }, (_, number) => `JJD00039000782000${number}`);
    for (const barcode of barcodes) await scan(barcode);
    await until(() => scanned().length === barcodes.length, "all scans");
    expect(scanned()).toEqual(barcodes);
    await scan("4207874594001112062064\u001d21", "]C1");
    await until(() => ofKind("scan").length === 21, "GS1 scan");
    expect(ofKind("scan").at(-1)).toEqual({
      kind: "scan",
      data: "4207874594001112062064\u001d21",
      symbology: "gs1-128",
    });
  },
);

describe.concurrent.each(oneModelPerFamily(scanners))("%s under faults", (model) => {
  test.for(["serial", "tcp"] as const)(
    "a damaged scan is refused, the next one heard (%s)",
    async (line, context) => {
      const { twin, scan, scanned, ofKind } = await setUp(context, model, line);
      await twin.control({ command: "fault", fault: "garble", count: 1 });
      await scan("DAMAGED");
      await scan("SWALLOWED-WITH-IT");
      await scan("HEARD");
      await until(() => scanned().includes("HEARD"), "the next scan");
      expect(scanned()).toEqual(["HEARD"]);
      expect(ofKind("refused").length).toBeGreaterThan(0);
    },
  );

  test("noise without a terminator costs one scan and never invents one", async (context) => {
    const { twin, scan, scanned } = await setUp(context, model);
    await twin.control({ command: "fault", fault: "noise", count: 1 });
    await scan("LOST");
    await scan("HEARD");
    await until(() => scanned().includes("HEARD"), "the next scan");
    expect(scanned()).toEqual(["HEARD"]);
  });

  test("bytes one at a time make the same scan", async (context) => {
    const { twin, scan, scanned } = await setUp(context, model);
    await twin.control({ command: "fault", fault: "split" });
    await scan("ONE-BY-ONE");
    await until(() => scanned().length > 0, "the scan");
    expect(scanned()).toEqual(["ONE-BY-ONE"]);
  });

  test("after the cable was out for a moment scanning goes on, and half a scan is forgotten", async (context) => {
    const { twin, scan, scanned, isReady, states } = await setUp(context, model);
    await scan("BEFORE");
    await until(() => scanned().length === 1, "scan before");
    await twin.control({ command: "disconnect" });
    await until(() => states.at(-1)?.state === "faulted", "loss noticed");
    await twin.control({ command: "plug" });
    await until(isReady, "ready again");
    await scan("AFTER");
    await until(() => scanned().length === 2, "scan after");
    expect(scanned()).toEqual(["BEFORE", "AFTER"]);
  });
});

describe.concurrent.each([
  ["keyence", {}],
  ["keyence", { extended: true }],
  ["cognex-dmcc", {}],
  ["cognex-dataman", {}],
])("%s, %o", (model, more) => {
  test("triggered by the station, what lies before it is read and nothing is no news", async (context) => {
    const options = { triggerEveryMs: 50 };
    const { twin, scanned, ofKind } = await setUp(context, model, "tcp", options, more);
    await until(() => twin.state().requests >= 3, "three looks at nothing");
    await twin.control({ command: "present", data: "RB123456785GB" });
    await until(() => scanned().length >= 2, "read twice");
    expect(new Set(scanned())).toEqual(new Set(["RB123456785GB"]));
    expect(ofKind("refused")).toEqual([]);
  });

  test("an answer later than the next trigger is waited for, a lost one not for ever", async (context) => {
    const { twin, scanned, ofKind } = await setUp(context, model, "tcp", { triggerEveryMs: 50 }, more);
    await twin.control({ command: "fault", fault: "late", delayMs: 75, count: 8 });
    await until(() => twin.state().requests >= 9, "nine looks at nothing, answered late");
    await twin.control({ command: "fault", fault: "late", delayMs: 130, count: 8 });
    await twin.control({ command: "present", data: "RB123456785GB" });
    await until(() => scanned().length >= 4, "read four times, told late");
    expect(ofKind("refused")).toEqual([]);
    await twin.control({ command: "fault", fault: "silent", count: 2 });
    const before = scanned().length;
    await until(() => scanned().length > before + 1, "read again");
    expect(new Set(scanned())).toEqual(new Set(["RB123456785GB"]));
  });

  test("triggered by a light barrier, a no-read is told and is no barcode", async (context) => {
    const { twin, scanned, ofKind } = await setUp(context, model, "tcp", {}, more);
    await twin.control({ command: "no-read" });
    await until(() => ofKind("refused").length === 1, "the no-read");
    expect(ofKind("refused")).toEqual([{ kind: "refused", reason: "no read" }]);
    expect(scanned()).toEqual([]);
  });
});

test.concurrent("an extended DataMan that answers nothing is a fault, and only then", async (context) => {
  const deaf = await startTwinOf<ScannerTwinState>(context, "tcp-scanner", { line: "tcp" });
  const { states } = connectTwin(context, "scanner", "cognex-dataman", deaf);
  await until(() => states.at(-1)?.state === "faulted", "the fault");
  expect(states.at(-1)).toMatchObject({ state: "faulted", failure: { code: "device.silent" } });
});
