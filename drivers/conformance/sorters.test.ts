import { beforeAll, describe, expect, test } from "vitest";
import { deviceDefinitions, findDefinition } from "../registry.ts";
import { startTwin } from "../twins/registry.ts";
import type { SorterTwinState } from "../twins/sorter-belt.ts";
import type { Twin } from "../twins/twin.ts";
import { connectTwin, type DeviceTest, startTwinOf } from "./connect-twin.ts";
import { until } from "./recorder.ts";

/** One register map, one session, one suite: whatever protocol the PLC speaks. */
const plcFamilies = new Set(["modbus", "s7", "ethernet-ip", "opc-ua"]);
const sorters = deviceDefinitions
  .filter(({ familyName }) => plcFamilies.has(familyName))
  .map(({ model }) => model);

type Options = Readonly<Record<string, unknown>>;

async function setUp(context: DeviceTest, model: string, twinOptions: Options = {}, options: Options = {}) {
  const times = { decisionMs: 400, travelMs: 500, heartbeatMs: 20 };
  const twin = await startTwinOf<SorterTwinState>(context, model, { ...times, ...twinOptions });
  const settings = { heartbeatMs: 50, silenceMs: 400, echoTimeoutMs: 300, ...options };
  const connected = connectTwin(context, "sorter", model, twin, settings);
  await until(connected.isReady, "the sorter is ready");
  const induct = (parcelIndex: number) => twin.control({ command: "induct", parcelIndex });
  const { device, ofKind } = connected;
  const divert = (parcelIndex: number, chute: number, deadlineMs = 5000) =>
    device.divert({ commandId: `command-${parcelIndex}-${chute}`, parcelIndex, chute, deadlineMs });
  const events = (event: string) => ofKind("sorter").filter((reading) => reading.event === event);
  const indexes = (event: string) => events(event).map(({ parcelIndex }) => parcelIndex);
  return { twin, settings, induct, divert, events, indexes, ...connected };
}

/** Requests go in order: once the station has beaten again, everything it sent before has arrived. */
async function heartbeats(twin: Twin<SorterTwinState>, count: number): Promise<void> {
  const before = twin.state().stationHeartbeat;
  await until(() => twin.state().stationHeartbeat >= before + count, "the station's heartbeat");
}

// Protocols side by side, the tests of each one after the other: they keep the short times of a heartbeat. A whole
// OPC UA server in this process would leave the others no time for theirs.
const heavy = sorters.filter((model) => findDefinition(model)?.familyName === "opc-ua");
describe.concurrent.each(sorters.filter((model) => !heavy.includes(model)))("%s", (model) => {
  describe("one after the other", { concurrent: false }, () => conform(model));
});
describe.each(heavy)("%s", conform);
// Loading that server takes seconds that are no test's.
beforeAll(async () => {
  const twin = await startTwin("opc-ua", {});
  await twin?.stop();
}, 120_000);

function conform(model: string): void {
  test("induct, divert, confirm: the parcel goes where it was told, once", async (context) => {
    const { twin, induct, divert, events, device } = await setUp(context, model);
    await induct(70_001);
    await until(() => events("induct").length === 1, "induction");
    expect(await device.queryDivert(70_001, 1000)).toEqual({ ok: true, value: { state: "unassigned" } });
    expect(await divert(70_001, 7)).toEqual({ ok: true, value: { echoed: true } });
    expect(await device.queryDivert(70_001, 1000)).toEqual({
      ok: true,
      value: { state: "assigned", chute: 7 },
    });
    await until(() => events("confirm").length === 1, "confirmation");
    expect(events("confirm")).toEqual([{ kind: "sorter", event: "confirm", parcelIndex: 70_001, chute: 7 }]);
    expect(await device.queryDivert(70_001, 1000)).toEqual({
      ok: true,
      value: { state: "confirmed", chute: 7 },
    });
    expect(twin.state().commands).toEqual({ 70001: 1 });
  });

  test("a burst of parcels over a PLC with a scan cycle: every event and every command once, in order", async (context) => {
    const slow = { scanCycleMs: 10, decisionMs: 5000, travelMs: 5100 };
    // An echo in time has its own test; here a busy machine may take longer.
    const { twin, induct, divert, indexes } = await setUp(context, model, slow, { echoTimeoutMs: 3000 });
    const parcels = Array.from({ length: 12 }, (_, index) => index + 1);
    for (const index of parcels) await induct(index);
    await until(() => indexes("induct").length === parcels.length, "inductions");
    const echoes = await Promise.all(parcels.map((index) => divert(index, (index % 9) + 1)));
    expect(echoes.every((echo) => echo.ok)).toBe(true);
    expect(indexes("induct")).toEqual(parcels);
    expect(Object.values(twin.state().commands)).toEqual(parcels.map(() => 1));
  });

  test("too late, unknown parcel, unknown chute: said by the PLC, and the parcel runs to the reject chute", async (context) => {
    const { induct, divert, device, events } = await setUp(context, model, {
      decisionMs: 100,
      travelMs: 150,
    });
    await induct(1);
    await until(() => events("confirm").length === 1, "confirmation");
    expect(events("confirm")[0]?.chute).toBe(99);
    const codes = [];
    for (const [index, chute] of [
      [1, 3],
      [555, 3],
      [1, 77],
    ] as const) {
      const echo = await divert(index, chute);
      codes.push(echo.ok ? null : echo.failure.code);
    }
    expect(codes).toEqual(["sorter.late", "sorter.unconfirmed", "sorter.chute-unknown"]);
    expect(await device.queryDivert(555, 1000)).toEqual({ ok: true, value: { state: "unknown-parcel" } });
  });

  test("the PLC keeps the deadline by its own clock", async (context) => {
    const { induct, divert, events } = await setUp(context, model, { decisionMs: 3000, travelMs: 3100 });
    await induct(4);
    await until(() => events("induct").length === 1, "induction");
    const echo = await divert(4, 2, 0);
    expect(echo.ok ? null : echo.failure.code).toBe("sorter.late");
  });

  test("the same command given twice is sent once and gets one answer", async (context) => {
    const { twin, induct, divert, events } = await setUp(context, model);
    await induct(9);
    await until(() => events("induct").length === 1, "induction");
    const [first, second] = await Promise.all([divert(9, 2), divert(9, 2)]);
    expect(first).toBe(second);
    expect(twin.state().commands).toEqual({ 9: 1 });
  });

  test("a command that never left the station may be given again", async (context) => {
    const twin = await startTwinOf<SorterTwinState>(context, model, { heartbeatMs: 20 });
    const { device, isReady } = connectTwin(context, "sorter", model, twin);
    const command = { commandId: "once", parcelIndex: 3, chute: 1, deadlineMs: 5000 };
    const early = await device.divert(command);
    expect(early.ok ? null : early.failure.code).toBe("device.disconnected");
    await until(isReady, "ready");
    await twin.control({ command: "induct", parcelIndex: 3 });
    expect(await device.divert(command)).toEqual({ ok: true, value: { echoed: true } });
    expect(twin.state().commands).toEqual({ 3: 1 });
  });

  test("a halted PLC: no echo is unconfirmed, its heartbeat a fault, and it comes back by itself", async (context) => {
    const { twin, induct, divert, states, isReady, events } = await setUp(context, model);
    await induct(5);
    await until(() => events("induct").length === 1, "induction");
    await twin.control({ command: "halt", on: true });
    const echo = await divert(5, 3);
    expect(echo.ok ? null : echo.failure.code).toBe("sorter.unconfirmed");
    await until(() => states.at(-1)?.state === "faulted", "the heartbeat stands still");
    await twin.control({ command: "halt", on: false });
    await until(isReady, "the heartbeat beats again");
    expect(twin.state().commands[5] ?? 0).toBeLessThanOrEqual(1);
  });

  test.for(["silent", "garble", "noise", "late"])(
    "%s on the line: a new connection, no event lost or doubled",
    async (fault, context) => {
      const { twin, induct, isReady, states, indexes } = await setUp(context, model);
      await induct(1);
      await until(() => indexes("induct").length === 1, "first event");
      await twin.control({ command: "fault", fault });
      await until(() => states.at(-1)?.state === "faulted", "trouble is noticed");
      await induct(2);
      await twin.control({ command: "clear" });
      await until(isReady, "ready again");
      await induct(3);
      await until(() => indexes("induct").length === 3, "all events");
      expect(indexes("induct")).toEqual([1, 2, 3]);
    },
  );

  test("answers twice or byte by byte change nothing", async (context) => {
    const { twin, induct, indexes } = await setUp(context, model);
    for (const [number, fault] of ["duplicate", "split"].entries()) {
      await twin.control({ command: "fault", fault, count: 30 });
      await induct(number + 1);
    }
    await until(() => indexes("confirm").length === 2, "both confirmed");
    expect(indexes("induct")).toEqual([1, 2]);
    expect(indexes("confirm")).toEqual([1, 2]);
  });

  test("cut between command and confirmation: the truth is read back from the PLC", async (context) => {
    const { twin, induct, divert, isReady, device, indexes } = await setUp(context, model);
    await induct(8);
    await until(() => indexes("induct").length === 1, "induction");
    const echo = divert(8, 4);
    await twin.control({ command: "disconnect", forMs: 30 });
    await echo;
    await until(isReady, "connected again");
    await until(() => indexes("confirm").includes(8), "confirmation after the reconnect");
    const read = await device.queryDivert(8, 1000);
    expect(read).toEqual({ ok: true, value: { state: "confirmed", chute: twin.state().confirmed[8] } });
    expect(twin.state().commands[8] ?? 0).toBeLessThanOrEqual(1);
  });

  test("a restarted station replays nothing acknowledged, hears what happened meanwhile, reuses no number", async (context) => {
    const first = await setUp(context, model, { decisionMs: 5000, travelMs: 5100 });
    await first.induct(1);
    await until(() => first.indexes("induct").length === 1, "first induction");
    await first.divert(1, 3);
    await until(() => first.twin.state().acknowledged === 1, "acknowledged");
    await first.device.stop();
    await first.induct(2);

    const second = connectTwin(context, "sorter", model, first.twin, first.settings);
    await until(second.isReady, "second station");
    await until(() => second.ofKind("sorter").length > 0, "the event of the meantime");
    expect(second.ofKind("sorter")).toEqual([
      { kind: "sorter", event: "induct", parcelIndex: 2, isLate: true },
    ]);
    const echo = await second.device.divert({ commandId: "new", parcelIndex: 2, chute: 5, deadlineMs: 4000 });
    expect(echo.ok).toBe(true);
    expect(first.twin.state().commands).toEqual({ 1: 1, 2: 1 });
  });

  test("with the listener's word, an event is acknowledged when it is safe and not before", async (context) => {
    const long = { decisionMs: 60_000, travelMs: 60_000 };
    const first = await setUp(context, model, long, { acknowledge: "listener" });
    for (const index of [1, 2, 3]) await first.induct(index);
    await until(() => first.indexes("induct").length === 3, "inductions");
    expect(first.events("induct").map(({ sequence }) => sequence)).toEqual([1, 2, 3]);
    expect(first.twin.state().acknowledged).toBe(0);
    first.device.acknowledge?.(9);
    await heartbeats(first.twin, 2);
    expect(first.twin.state().acknowledged).toBe(0);
    first.device.acknowledge?.(2);
    await until(() => first.twin.state().acknowledged === 2, "the safe ones are acknowledged");
    first.device.acknowledge?.(1);
    await heartbeats(first.twin, 2);
    expect(first.twin.state().acknowledged).toBe(2);
    await first.twin.control({ command: "disconnect", forMs: 20 });
    await until(() => first.states.at(-1)?.state === "faulted", "cut");
    first.device.acknowledge?.(3);
    await until(() => first.twin.state().acknowledged === 3, "what was said while the line was cut");
    await first.induct(4);
    await until(() => first.indexes("induct").length === 4, "one more");
    await first.device.stop();

    const second = connectTwin(context, "sorter", model, first.twin, first.settings);
    await until(() => second.ofKind("sorter").length > 0, "what was not safe comes again");
    expect(second.ofKind("sorter")).toEqual([
      { kind: "sorter", event: "induct", parcelIndex: 4, isLate: true, sequence: 4 },
    ]);
    expect(first.twin.state().acknowledged).toBe(3);
  });

  test("more events than the ring holds: the loss is told, the newest are delivered", async (context) => {
    const { twin, induct, indexes, ofKind, device, settings } = await setUp(context, model, {
      decisionMs: 60_000,
      travelMs: 60_000,
    });
    await induct(1);
    await until(() => twin.state().acknowledged === 1, "acknowledged");
    await device.stop();
    for (let index = 2; index <= 41; index += 1) await induct(index);
    const second = connectTwin(context, "sorter", model, twin, settings);
    await until(() => second.ofKind("sorter").length === 15, "the ring's content");
    expect(second.ofKind("sorter").at(-1)?.parcelIndex).toBe(41);
    expect(second.ofKind("refused")).toEqual([{ kind: "refused", reason: "25 sorter events were lost" }]);
    expect(indexes("induct")).toEqual([1]);
    expect(ofKind("refused")).toEqual([]);
  });

  test("jam, full and open chute and lost parcel are told", async (context) => {
    const { twin, induct, ofKind, indexes } = await setUp(context, model);
    await induct(6);
    await until(() => indexes("induct").length === 1, "induction");
    await twin.control({ command: "lose", parcelIndex: 6 });
    await twin.control({ command: "jam", chute: 3 });
    await twin.control({ command: "chute-full", chute: 9 });
    await twin.control({ command: "chute-open", chute: 9 });
    await until(() => ofKind("sorter").length === 5, "events");
    expect(ofKind("sorter").slice(1)).toEqual([
      { kind: "sorter", event: "lost", parcelIndex: 6 },
      { kind: "sorter", event: "jam", chute: 3 },
      { kind: "sorter", event: "chute-full", chute: 9 },
      { kind: "sorter", event: "chute-open", chute: 9 },
    ]);
  });

  test("registers outside the allow-list are never written", async (context) => {
    const writable = [{ address: 6, count: 2 }];
    const { twin, induct, divert, events } = await setUp(context, model, {}, { writable });
    await induct(2);
    await until(() => events("induct").length === 1, "induction");
    const echo = await divert(2, 3);
    expect(echo.ok ? null : echo.failure.code).toBe("sorter.write-refused");
    expect(twin.state().commands).toEqual({});
  });

  test("the site's list of chutes is kept before anything is written", async (context) => {
    const { twin, divert } = await setUp(context, model, {}, { chutes: [1, 2] });
    const echo = await divert(1, 3);
    expect(echo.ok ? null : echo.failure.code).toBe("sorter.chute-unknown");
    expect(twin.state().commands).toEqual({});
  });
}
