import { describe, expect, test } from "vitest";
import type { StationRow } from "../../modules/overview/console-contract.ts";
import { arrangeStations } from "./arrange-stations.ts";
import { countTroubles, findNewestApp, judgeStation, judgeVersion } from "./judge-station.ts";

const nowMs = Date.parse("2031-03-04T12:00:00Z");
const ago = (minutes: number): string => new Date(nowMs - minutes * 60_000).toISOString();

function makeRow(
  change: Partial<StationRow> = {},
  report: Partial<NonNullable<StationRow["report"]>> = {},
): StationRow {
  return {
    stationId: "belt-1",
    name: "Belt 1",
    hubId: "main",
    state: "enrolled",
    enrolledAt: ago(9000),
    revokedAt: null,
    lastSeenAt: ago(1),
    factsReceived: 0,
    factsNotDurable: 0,
    backlog: 0,
    report: {
      appVersion: "0.9.0",
      wireVersion: 2,
      bootId: "boot",
      ordersVisible: 0,
      disk: null,
      lanes: [],
      devices: [],
      reportedAt: ago(1),
      clockOffsetMs: 0,
      ...report,
    },
    ...change,
  };
}

describe("how a station is", () => {
  test("two missing reports are not silence, an hour is, and a revoked or new station is neither", () => {
    const kindOf = (change: Partial<StationRow>) => judgeStation(makeRow(change), nowMs);
    expect(kindOf({ lastSeenAt: ago(2.9) })).toEqual({ kind: "online" });
    expect(kindOf({ lastSeenAt: ago(3) })).toEqual({
      kind: "silent",
      sinceMs: nowMs - 180_000,
      isLong: false,
    });
    expect(kindOf({ lastSeenAt: ago(60) })).toEqual({
      kind: "silent",
      sinceMs: nowMs - 3_600_000,
      isLong: true,
    });
    expect(kindOf({ lastSeenAt: null, enrolledAt: ago(1) })).toEqual({ kind: "online" });
    expect(kindOf({ lastSeenAt: ago(90), enrolledAt: ago(1) })).toEqual({ kind: "online" });
    expect(kindOf({ lastSeenAt: null, enrolledAt: ago(9) })).toMatchObject({ kind: "silent" });
    expect(kindOf({ state: "revoked", lastSeenAt: ago(60) })).toEqual({ kind: "revoked" });
    expect(kindOf({ state: "waiting", lastSeenAt: null, enrolledAt: null })).toEqual({ kind: "waiting" });
  });

  test("versions are compared as numbers, and the wire's version tells who has to wait", () => {
    const rows = [makeRow(), makeRow({}, { appVersion: "0.10.0" })];
    const app = findNewestApp(rows);
    expect(app).toBe("0.10.0");
    const judge = (report: Parameters<typeof makeRow>[1]) => {
      const row = makeRow({}, report);
      return row.report === null ? null : judgeVersion(row.report, { wire: 2, app });
    };
    expect(judge({})).toBe("behind");
    expect(judge({ appVersion: "0.10.0" })).toBe("current");
    expect(judge({ wireVersion: 1 })).toBe("wire-behind");
    expect(judge({ wireVersion: 3 })).toBe("wire-ahead");
  });

  test("faulted devices, faulted lanes and a clock two minutes off are troubles", () => {
    const device = { deviceId: "d", kind: "scale", model: "m", failureCode: null };
    const lanes = [
      { laneId: "a", status: "faulted" },
      { laneId: "b", status: "stopped" },
    ];
    const devices = [
      { ...device, state: "faulted" },
      { ...device, state: "ready" },
    ];
    expect(countTroubles(makeRow({}, { devices, lanes, clockOffsetMs: -120_001 }))).toBe(3);
    expect(countTroubles(makeRow({}, { clockOffsetMs: 120_000 }))).toBe(0);
  });

  test("the list is filtered by hub, state and text, and sorted with numbers in their order", () => {
    const rows = [
      makeRow({ stationId: "belt-10", lastSeenAt: ago(70) }),
      makeRow({ stationId: "belt-9", hubId: "north", name: "Nordtor" }),
      makeRow({ stationId: "belt-11", state: "revoked" }),
    ];
    const ids = (selection: Partial<Parameters<typeof arrangeStations>[1]>, descending = false) =>
      arrangeStations(
        rows,
        { search: "", hubId: "", state: "", ...selection },
        { key: "station", descending },
        nowMs,
      ).map(({ stationId }) => stationId);
    expect(ids({})).toEqual(["belt-9", "belt-10", "belt-11"]);
    expect(ids({}, true)).toEqual(["belt-11", "belt-10", "belt-9"]);
    expect(ids({ search: " NORD" })).toEqual(["belt-9"]);
    expect(ids({ hubId: "main", state: "silent" })).toEqual(["belt-10"]);
  });
});
