import { describe, expect, test } from "vitest";
import { deviceDefinitions } from "../registry.ts";
import type { SorterTwinState } from "../twins/sorter-belt.ts";
import { connectTwin, type DeviceTest, startTwinOf } from "./connect-twin.ts";
import { until } from "./recorder.ts";

/** What each protocol has words for; the suite asks of none what it cannot say. */
type Protocol = {
  readonly acknowledgesDiverts: boolean;
  readonly repeatsEvents: boolean;
  readonly heartbeat: boolean;
  readonly tellsChutes: boolean;
};
const protocols: ReadonlyMap<string, Protocol> = new Map([
  ["jd-wcs", { acknowledgesDiverts: true, repeatsEvents: true, heartbeat: true, tellsChutes: true }],
  ["osip", { acknowledgesDiverts: false, repeatsEvents: false, heartbeat: true, tellsChutes: true }],
  ["sorter-json", { acknowledgesDiverts: false, repeatsEvents: false, heartbeat: false, tellsChutes: false }],
]);
const models = deviceDefinitions
  .filter(({ familyName }) => protocols.has(familyName))
  .map(({ model, familyName }) => [model, protocols.get(familyName)] as const);

type Options = Readonly<Record<string, unknown>>;

async function setUp(
  context: DeviceTest,
  model: string,
  protocol: Protocol,
  twinOptions: Options = {},
  options: Options = {},
) {
  const times = { decisionMs: 150, travelMs: 200, heartbeatMs: 20 };
  const twin = await startTwinOf<SorterTwinState>(context, model, { ...times, ...twinOptions });
  const patience = protocol.acknowledgesDiverts ? { answerTimeoutMs: 300 } : { completionTimeoutMs: 600 };
  const settings = { ...patience, ...(protocol.heartbeat ? { silenceMs: 400 } : {}), ...options };
  const connected = connectTwin(context, "sorter", model, twin, settings);
  await until(connected.isReady, "the sorter is ready");
  const { device, ofKind } = connected;
  const divert = (parcelIndex: number, chute: number, deadlineMs = 5000) =>
    device.divert({ commandId: `command-${parcelIndex}-${chute}`, parcelIndex, chute, deadlineMs });
  const events = () => ofKind("sorter").filter(({ event }) => event !== "heartbeat");
  const count = (wanted: string) => events().filter(({ event }) => event === wanted).length;
  const induct = async (parcelIndex: number) => {
    const before = count("induct");
    await twin.control({
      command: "induct",
      parcelIndex,
      barcode: `BARCODE-OF-THE-${parcelIndex}`.padEnd(20, "X"),
    });
    await until(() => count("induct") > before, "induction");
  };
  return { twin, settings, divert, events, count, induct, ...connected };
}

const codeOf = (result: { readonly ok: boolean; readonly failure?: { readonly code: string } }) =>
  result.ok ? null : result.failure?.code;

describe.concurrent.each(models)(
  "%s",
  (model, protocol = {
    acknowledgesDiverts: false,
    repeatsEvents: false,
    heartbeat: false,
    tellsChutes: false,
  }) => {
    test("induct with barcode, divert, confirm with the chute it really took; told once, read back", async (context) => {
      const { twin, divert, events, count, induct, device } = await setUp(context, model, protocol);
      await induct(71);
      expect(events()[0]).toEqual({
        kind: "sorter",
        event: "induct",
        parcelIndex: 71,
        barcode: "BARCODE-OF-THE-71XXX",
      });
      expect(await device.queryDivert(71, 100)).toEqual({ ok: true, value: { state: "unassigned" } });
      const echo = divert(71, 7);
      await until(() => Object.keys(twin.state().commands).length === 1, "the command");
      if (protocol.acknowledgesDiverts) {
        expect(await echo).toEqual({ ok: true, value: { echoed: true } });
        expect(await device.queryDivert(71, 100)).toEqual({
          ok: true,
          value: { state: "assigned", chute: 7 },
        });
      } else expect(codeOf(await device.queryDivert(71, 100))).toBe("sorter.unconfirmed");
      await until(() => count("confirm") === 1, "confirmation");
      expect(await echo).toEqual({ ok: true, value: { echoed: true } });
      expect(events()[1]).toMatchObject({ kind: "sorter", event: "confirm", parcelIndex: 71, chute: 7 });
      expect(await device.queryDivert(71, 100)).toEqual({
        ok: true,
        value: { state: "confirmed", chute: 7 },
      });
      expect(twin.state().commands).toEqual({ 71: 1 });
    });

    test("a burst: every parcel to its chute, nothing twice", async (context) => {
      const { twin, divert, induct } = await setUp(context, model, protocol, {
        decisionMs: 400,
        travelMs: 450,
      });
      const parcels = [1, 2, 3, 4, 5, 6, 7, 8];
      for (const parcel of parcels) await induct(parcel);
      const echoes = await Promise.all(parcels.map((parcel) => divert(parcel, parcel)));
      expect(echoes.filter(({ ok }) => !ok)).toEqual([]);
      await until(() => Object.keys(twin.state().confirmed).length === 8, "all at their chutes");
      expect(twin.state().confirmed).toEqual(Object.fromEntries(parcels.map((parcel) => [parcel, parcel])));
      expect(Object.values(twin.state().commands)).toEqual(parcels.map(() => 1));
    });

    test("a deadline that has passed is late and never sent; a chute off the site's list neither", async (context) => {
      const { twin, divert, induct } = await setUp(context, model, protocol, {}, { chutes: [1, 2] });
      await induct(4);
      expect(codeOf(await divert(4, 2, 0))).toBe("sorter.late");
      expect(codeOf(await divert(4, 3))).toBe("sorter.chute-unknown");
      expect(twin.state().commands).toEqual({});
    });

    test("too late for the switch: not confirmed, and the reject chute is told", async (context) => {
      const { divert, induct, events, count } = await setUp(context, model, protocol, { decisionMs: 30 });
      await induct(5);
      await new Promise((resolve) => setTimeout(resolve, 60));
      expect(codeOf(await divert(5, 2))).toBe("sorter.unconfirmed");
      await until(() => count("confirm") === 1, "confirmation");
      expect(events().at(-1)).toMatchObject({ event: "confirm", parcelIndex: 5, chute: 99 });
    });

    test("the same command given twice is sent once and gets one answer", async (context) => {
      const { twin, divert, induct } = await setUp(context, model, protocol);
      await induct(9);
      const [first, second] = await Promise.all([divert(9, 2), divert(9, 2)]);
      expect(first).toBe(second);
      expect(twin.state().commands).toEqual({ 9: 1 });
    });

    test("a halted sorter: no answer is unconfirmed, nothing is sent again, and it comes back by itself", async (context) => {
      const { twin, divert, induct, isReady, states } = await setUp(context, model, protocol, {
        travelMs: 5000,
      });
      await induct(6);
      await twin.control({ command: "halt", on: true });
      expect(codeOf(await divert(6, 3))).toBe("sorter.unconfirmed");
      if (protocol.heartbeat) await until(() => states.at(-1)?.state === "faulted", "silence is noticed");
      await twin.control({ command: "halt", on: false });
      await until(isReady, "heard again");
      expect(twin.state().commands[6] ?? 0).toBeLessThanOrEqual(1);
    });

    test.for(["garble", "noise", "split", "duplicate"])(
      "%s on the line costs a telegram at the most",
      async (fault, context) => {
        const { twin, induct, events } = await setUp(context, model, protocol, { travelMs: 60_000 });
        await twin.control({ command: "fault", fault, count: 1 });
        await twin.control({ command: "chute-full", chute: 3 });
        await twin.control({ command: "clear" });
        await induct(2);
        expect(events().at(-1)).toMatchObject({ event: "induct", parcelIndex: 2 });
        const inductions = events().filter(({ event }) => event === "induct");
        expect(inductions).toHaveLength(1);
      },
    );

    test("cut between command and confirmation: what the sorter told is what is read back", async (context) => {
      const { twin, divert, induct, isReady, device } = await setUp(context, model, protocol);
      await induct(8);
      const echo = divert(8, 4);
      await twin.control({ command: "disconnect", forMs: 30 });
      await echo;
      await until(isReady, "connected again");
      const known = await device.queryDivert(8, 100);
      if (known.ok && known.value.state === "confirmed")
        expect(known.value.chute).toBe(twin.state().confirmed[8]);
      expect(twin.state().commands[8] ?? 0).toBeLessThanOrEqual(1);
    });

    test("a lost parcel ends its command; jam, full and open chutes where the protocol has words for them", async (context) => {
      const { twin, divert, induct, events, count, device } = await setUp(context, model, protocol, {
        travelMs: 5000,
        decisionMs: 4000,
      });
      await induct(3);
      const echo = divert(3, 3);
      await until(() => twin.state().commands[3] === 1, "the command");
      await twin.control({ command: "lose", parcelIndex: 3 });
      await until(() => count("lost") === 1, "the loss");
      expect((await echo).ok).toBe(protocol.acknowledgesDiverts);
      expect(await device.queryDivert(3, 100)).toEqual({ ok: true, value: { state: "lost" } });
      if (!protocol.tellsChutes) return;
      await twin.control({ command: "jam", chute: 3 });
      await twin.control({ command: "chute-full", chute: 9 });
      await twin.control({ command: "chute-open", chute: 9 });
      await until(() => count("chute-open") === 1, "events");
      expect(events().slice(-3)).toEqual([
        { kind: "sorter", event: "jam", chute: 3 },
        { kind: "sorter", event: "chute-full", chute: 9 },
        { kind: "sorter", event: "chute-open", chute: 9 },
      ]);
    });

    test.runIf(protocol.heartbeat)("heartbeats go both ways", async (context) => {
      const { twin, ofKind } = await setUp(context, model, protocol);
      await until(() => twin.state().stationHeartbeat > 3, "the sorter hears us");
      expect(ofKind("sorter").filter(({ event }) => event === "heartbeat").length).toBeGreaterThan(2);
    });

    test.runIf(protocol.repeatsEvents)(
      "an event is acknowledged only when the listener says so, comes again to a new station, and is told once",
      async (context) => {
        const { twin, induct, events, device, settings } = await setUp(
          context,
          model,
          protocol,
          { travelMs: 60_000, repeatMs: 30 },
          { acknowledge: "listener" },
        );
        await induct(1);
        await new Promise((resolve) => setTimeout(resolve, 150));
        expect(events()).toHaveLength(1);
        expect(twin.state().acknowledged).toBe(0);
        await device.stop();

        const second = connectTwin(context, "sorter", model, twin, settings);
        await until(() => second.ofKind("sorter").some(({ event }) => event === "induct"), "told again");
        const again = second.ofKind("sorter").find(({ event }) => event === "induct");
        expect(again).toEqual(events()[0]);
        second.device.acknowledge?.(again?.sequence ?? 0);
        await until(() => twin.state().acknowledged === again?.sequence, "acknowledged");
      },
    );
  },
);
