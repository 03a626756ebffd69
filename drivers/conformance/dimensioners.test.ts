import { describe, expect, onTestFinished, test } from "vitest";
import { deviceDefinitions } from "../registry.ts";
import { startDwsTwin } from "../twins/dws.ts";
import { connectTwin } from "./connect-twin.ts";
import { until } from "./recorder.ts";

const dimensioners = deviceDefinitions.filter(({ kind }) => kind === "dimensioner").map(({ model }) => model);

async function setUp(model: string) {
  const twin = await startDwsTwin();
  onTestFinished(twin.stop);
  const connected = connectTwin("dimensioner", model, twin);
  await until(() => connected.isReady() && twin.state().clients === 1, "connected");
  const measure = (index: number, more: object = {}) => twin.control({ command: "measure", index, ...more });
  const indexes = () => connected.ofKind("size").map(({ parcelIndex }) => parcelIndex);
  return { twin, measure, indexes, ...connected };
}

describe.each(dimensioners)("%s", (model) => {
  test("what was measured arrives, what was not is absent", async () => {
    const { measure, ofKind } = await setUp(model);
    const size = { lengthMillimetres: 300, widthMillimetres: 200, heightMillimetres: 100 };
    await measure(7, { code: "RB123456785GB", weightGrams: 1250, ...size });
    await measure(8);
    await until(() => ofKind("size").length === 2, "both telegrams");
    expect(ofKind("size")).toEqual([
      { kind: "size", parcelIndex: 7, barcode: "RB123456785GB", weightGrams: 1250, ...size },
      { kind: "size", parcelIndex: 8, noRead: true },
    ]);
  });

  test("damage is refused and the telegrams after it are heard", async () => {
    const { twin, measure, indexes, ofKind } = await setUp(model);
    await twin.control({ command: "fault", fault: "garble", count: 1 });
    await measure(1);
    await measure(2);
    await twin.control({ command: "fault", fault: "noise", count: 1 });
    await measure(3);
    await measure(4);
    await twin.control({ command: "telegram", text: `5,${"A".repeat(100_000)},1,2,3,4,5` });
    await measure(6);
    await until(() => indexes().includes(6), "the last telegram");
    expect(indexes()).toEqual([4, 6]);
    expect(ofKind("refused").length).toBeGreaterThan(0);
  });

  test("a dropped connection is made again by itself", async () => {
    const { twin, measure, indexes, isReady } = await setUp(model);
    await twin.control({ command: "disconnect", forMs: 50 });
    await until(() => isReady() && twin.state().clients === 1, "connected again");
    await measure(9);
    await until(() => indexes().includes(9), "telegram after the reconnect");
  });
});
