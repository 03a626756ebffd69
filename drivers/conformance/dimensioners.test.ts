import { assert as assertHolds } from "@waystation/shared/failures/assert";
import { describe, expect, test } from "vitest";
import { connectDevice } from "../connect-device.ts";
import { deviceDefinitions, findDefinition } from "../registry.ts";
import { createMemoryLine } from "../transport/memory.ts";
import { type DwsTwinState, indexedGate } from "../twins/dws.ts";
import { connectTwin, type DeviceTest, oneModelPerFamily, startTwinOf } from "./connect-twin.ts";
import { createRecorder, until } from "./recorder.ts";

const dimensioners = deviceDefinitions.filter(({ kind }) => kind === "dimensioner");

/** The twin set like the model, where it is not set like its family. */
const templates: Readonly<Record<string, object>> = {
  "dws-indexed": indexedGate,
  "datalogic-dm3610": { fields: ["length", "width", "height"], framing: "stx-etx" },
};
/** What a telegram has no room for. */
const lacking: Readonly<Record<string, readonly string[]>> = {
  cubiscan: ["parcelIndex", "barcode", "noRead"],
  "cubiscan-100": ["parcelIndex", "barcode", "noRead"],
  "cubiscan-325": ["parcelIndex", "barcode", "noRead"],
  "dws-delimited": ["parcelIndex"],
  "datalogic-dm3610": ["parcelIndex", "barcode", "noRead", "weightGrams"],
};
/** Questions of its own would take the faults meant for telegrams. */
const quietOptions = (model: string) =>
  findDefinition(model)?.familyName === "cubiscan" ? { probe: false } : {};

async function setUp(
  context: DeviceTest,
  model: string,
  options: object = quietOptions(model),
  link: object = {},
) {
  const twin = await startTwinOf<DwsTwinState>(context, model, { ...templates[model], ...link });
  const connected = connectTwin(context, "dimensioner", model, twin, { ...options });
  await until(() => connected.isReady() && twin.state().clients === 1, "connected");
  const measure = (index: number, more: object = {}) => twin.control({ command: "measure", index, ...more });
  /** Parcels are told apart by their length: not every telegram has an index. */
  const pass = (index: number) =>
    measure(index, { lengthMillimetres: index * 100, widthMillimetres: 100, heightMillimetres: 100 });
  const passed = () => connected.ofKind("size").map((size) => (size.lengthMillimetres ?? 0) / 100);
  return { twin, measure, pass, passed, ...connected };
}

describe.concurrent.each(dimensioners.map(({ model }) => model))("%s", (model) => {
  const without = (reading: object) =>
    Object.fromEntries(Object.entries(reading).filter(([key]) => !lacking[model]?.includes(key)));

  test("what was measured arrives, what was not is absent", async (context) => {
    const { measure, ofKind } = await setUp(context, model, {});
    const size = { lengthMillimetres: 300, widthMillimetres: 200, heightMillimetres: 100 };
    await measure(7, { code: "RB123456785GB", weightGrams: 1250, ...size });
    await measure(8);
    await until(() => ofKind("size").length === 2, "both telegrams");
    expect(ofKind("size")).toEqual([
      without({ kind: "size", parcelIndex: 7, barcode: "RB123456785GB", weightGrams: 1250, ...size }),
      without({ kind: "size", parcelIndex: 8, noRead: true }),
    ]);
  });

  test("damage is refused and the telegrams after it are heard", async (context) => {
    const { twin, pass, passed, ofKind } = await setUp(context, model);
    await twin.control({ command: "fault", fault: "garble", count: 1 });
    await pass(1);
    await pass(2);
    await twin.control({ command: "fault", fault: "noise", count: 1 });
    await pass(3);
    await pass(4);
    await twin.control({ command: "telegram", text: `5,${"A".repeat(100_000)},1,2,3,4,5` });
    await pass(6);
    await pass(7);
    await until(() => passed().includes(7), "the last telegram");
    // what lies right behind damage may be spent on getting back into step, what lies behind that may not
    expect([4, 7].filter((index) => !passed().includes(index))).toEqual([]);
    expect(passed().filter((index) => ![2, 3, 4, 6, 7].includes(index))).toEqual([]);
    expect(ofKind("refused").length).toBeGreaterThan(0);
  });

  test("a dropped connection is made again by itself", async (context) => {
    const { twin, pass, passed, isReady, states } = await setUp(context, model);
    await twin.control({ command: "disconnect" });
    await until(() => states.at(-1)?.state === "faulted", "loss noticed");
    await twin.control({ command: "plug" });
    await until(() => isReady() && twin.state().clients === 1, "connected again");
    await pass(9);
    await until(() => passed().includes(9), "telegram after the reconnect");
  });
});

describe.concurrent.each(oneModelPerFamily(dimensioners))("%s", (model) => {
  test("a gate that calls the station is heard, also after it has hung up", async (context) => {
    const { twin, pass, passed, states } = await setUp(context, model, quietOptions(model), { link: "call" });
    await pass(1);
    await until(() => passed().includes(1), "the telegram");
    await twin.control({ command: "disconnect" });
    await until(() => states.at(-1)?.state === "faulted", "loss noticed");
    await twin.control({ command: "plug" });
    await until(() => twin.state().clients === 1, "called again");
    await pass(2);
    await until(() => passed().includes(2), "telegram after the second call");
    expect(passed()).toEqual([1, 2]);
  });

  test("bytes one at a time make the same telegram", async (context) => {
    const { twin, pass, passed } = await setUp(context, model, quietOptions(model), { link: "serial" });
    await twin.control({ command: "fault", fault: "split" });
    await pass(3);
    await until(() => passed().length > 0, "the telegram");
    expect(passed()).toEqual([3]);
  });
});

describe.concurrent("posted telegrams", () => {
  const push = { link: "post", token: "a token of some length" };

  test.for(["dws-json", "dws-delimited", "sick-mda"])(
    "%s: each is heard once, in order, and answered",
    async (model, context) => {
      const { twin, pass, passed } = await setUp(context, model, {}, push);
      for (const index of [1, 2, 3, 4]) await pass(index);
      await until(() => twin.state().answers.length === 4, "four answers");
      expect(passed()).toEqual([1, 2, 3, 4]);
      expect(twin.state().answers).toEqual([200, 200, 200, 200]);
    },
  );

  test("what is posted while the station is away is posted again and not lost", async (context) => {
    const { twin, pass, passed, device } = await setUp(context, "dws-json", {}, push);
    await device.stop();
    await pass(5);
    const again = connectTwin(context, "dimensioner", "dws-json", twin);
    await until(() => twin.state().answers.length === 1, "the answer");
    expect(passed()).toEqual([]);
    expect(again.ofKind("size").map(({ lengthMillimetres }) => lengthMillimetres)).toEqual([500]);
  });
});

describe.concurrent("a gate's clock", () => {
  const options = { timestampFormat: "ms", maximumAgeMs: 60_000 };

  test.for([
    ["dws-delimited", -3_600_000, /^measured 36\d{5} ms ago$/],
    ["dws-json", 3_600_000, /^measured 3[56]\d{5} ms from now: the clocks differ$/],
  ] as const)("%s: a telegram %i ms off is stale", async ([model, clockErrorMs, reason], context) => {
    const { pass, passed, ofKind } = await setUp(context, model, options, { clockErrorMs });
    await pass(1);
    await until(() => ofKind("refused").length === 1, "the refusal");
    expect(ofKind("refused")[0]?.reason).toMatch(reason);
    expect(passed()).toEqual([]);
  });

  test("a fresh telegram is taken", async (context) => {
    const { pass, passed } = await setUp(context, "dws-delimited", options, { clockErrorMs: -30_000 });
    await pass(1);
    await until(() => passed().length === 1, "the telegram");
  });
});

describe.concurrent("cubiscan", () => {
  test("the host's own measurements arrive one after the other", async (context) => {
    const { passed, pass, twin } = await setUp(context, "cubiscan", { measureEveryMs: 200 });
    await pass(1);
    await until(() => passed().length >= 3, "one pushed, two asked for");
    expect(twin.state().telegrams).toBe(1);
    expect(new Set(passed())).toEqual(new Set([1]));
  });

  test("settings go out one by one, each after the answer to the one before", async (context) => {
    const line = createMemoryLine();
    const sent: string[] = [];
    line.listen((bytes) => void sent.push(Buffer.from(bytes).toString()));
    const connection = { type: "tcp", host: "127.0.0.1", port: 1 } as const;
    const options = { probe: false, sendOnOpen: ["metricDimensions", "zero"] };
    const { listener, isReady, readings } = createRecorder();
    const binding = { deviceId: "c", model: "cubiscan", connection, options };
    const device = connectDevice(binding, listener, { createTransport: line.createTransport });
    assertHolds(device.ok, "a cubiscan");
    device.value.start();
    context.onTestFinished(device.value.stop);
    await until(isReady, "ready");
    expect(sent).toEqual(['\u0002"M\u0003\r\n']);
    line.send(Buffer.from('\u0002"A\u0003\r\n'));
    expect(sent.slice(1)).toEqual(["\u0002Z\u0003\r\n"]);
    line.send(Buffer.from("\u0002ZN\u0003\r\n"));
    expect(sent).toHaveLength(2);
    expect(readings).toEqual([{ kind: "refused", reason: "the device refused Z" }]);
  });

  test("one that answers nothing is a fault", async (context) => {
    const deaf = await startTwinOf<DwsTwinState>(context, "dws-delimited");
    const { states } = connectTwin(context, "dimensioner", "cubiscan", deaf);
    await until(() => states.at(-1)?.state === "faulted", "the fault");
    expect(states.at(-1)).toMatchObject({ state: "faulted", failure: { code: "device.silent" } });
  });
});
