import { expect, test } from "vitest";
import { makeStationKey, signNonce } from "../../test-support/enrol-test-station.ts";
import { asAdmin, describeOnEachDatabase, type TestCloud } from "../../test-support/test-cloud.ts";
import { createChallenges } from "./challenge.ts";
import type { StationRow } from "./station-view.ts";

const json = { "content-type": "application/json" };

async function send(cloud: TestCloud, path: string, body: unknown, headers: Record<string, string> = {}) {
  const response = await cloud.app.request(path, {
    method: "POST",
    headers: { ...json, ...headers },
    body: JSON.stringify(body),
  });
  return {
    status: response.status,
    body: (await response.json()) as Record<string, string> & { failure?: { code: string } },
  };
}

async function prepare(cloud: TestCloud, stationId: string): Promise<string> {
  const { status, body } = await send(cloud, "/v1/stations", { stationId }, asAdmin);
  expect(status).toBe(201);
  return body.code ?? "";
}

const enrol = (cloud: TestCloud, code: string, publicKey: string) =>
  send(cloud, "/v1/enrolments", { code, publicKey, appVersion: "1.0.0" });

async function askToken(
  cloud: TestCloud,
  stationId: string,
  key: ReturnType<typeof makeStationKey>["privateKey"],
) {
  const { body } = await send(cloud, `/v1/stations/${stationId}/challenges`, {});
  const request = { nonce: body.nonce ?? "", signature: signNonce(key, stationId, body.nonce ?? "") };
  return { request, reply: await send(cloud, `/v1/stations/${stationId}/tokens`, request) };
}

const report = {
  wireVersion: 2,
  appVersion: "1.2.3",
  bootId: "b",
  clockMs: Date.now() + 300_000,
  log: { logId: "log-1", recorded: 40, acknowledged: 10 },
  ordersVisible: 3,
  disk: { freeBytes: 5, factsBytes: 6 },
  lanes: [{ laneId: "belt-1", status: "running" }],
  devices: [{ deviceId: "scale", kind: "scale", model: "m", state: "ready", failureCode: null }],
};

async function readStation(cloud: TestCloud, stationId: string): Promise<StationRow | undefined> {
  const response = await cloud.app.request("/v1/console/stations", { headers: asAdmin });
  const { items } = (await response.json()) as { items: StationRow[] };
  return items.find((item) => item.stationId === stationId);
}

const putReport = (cloud: TestCloud, stationId: string, token: string, body: unknown = report) =>
  cloud.app.request(`/v1/stations/${stationId}/report`, {
    method: "PUT",
    headers: { ...json, authorization: `Bearer ${token}` },
    body: JSON.stringify(body),
  });

describeOnEachDatabase("stations", (open) => {
  test("a station enrols with a typed code, proves its key, reports, and is seen", async () => {
    const cloud = open();
    const code = await prepare(cloud, "belt-1");
    expect(code).toMatch(/^[A-HJ-NP-Z2-9]{5}-[A-HJ-NP-Z2-9]{5}$/);
    expect((await readStation(cloud, "belt-1"))?.state).toBe("waiting");
    const { publicKey, privateKey } = makeStationKey();
    const enrolled = await enrol(cloud, ` ${code.toLowerCase().replace("-", " ")} `, publicKey);
    expect(enrolled).toEqual({
      status: 200,
      body: { stationId: "belt-1", name: "belt-1", tenantId: "default", hubId: "main" },
    });
    const { reply } = await askToken(cloud, "belt-1", privateKey);
    expect(reply.status).toBe(200);
    expect(reply.body.expiresInSeconds).toBe(900);
    const answered = await putReport(cloud, "belt-1", reply.body.token ?? "");
    expect(await answered.json()).toMatchObject({ wireVersions: [1, 2] });
    const seen = await readStation(cloud, "belt-1");
    expect(seen).toMatchObject({ state: "enrolled", backlog: 40, factsReceived: 0, hubId: "main" });
    expect(seen?.report).toMatchObject({ appVersion: "1.2.3", devices: report.devices, disk: report.disk });
    expect(Math.abs((seen?.report?.clockOffsetMs ?? 0) - 300_000)).toBeLessThan(60_000);
  });

  test("a code is good once, for one key, and for the newest one only; a lost reply is given again", async () => {
    const cloud = open();
    const old = await prepare(cloud, "belt-2");
    const code = await prepare(cloud, "belt-2");
    const mine = makeStationKey();
    const refused = { status: 403, body: { failure: { code: "enrolment.refused", details: {} } } };
    expect(await enrol(cloud, old, mine.publicKey)).toEqual(refused);
    const first = await enrol(cloud, code, mine.publicKey);
    expect(first.status).toBe(200);
    expect(await enrol(cloud, code, mine.publicKey)).toEqual(first);
    expect(await enrol(cloud, code, makeStationKey().publicKey)).toEqual(refused);
    expect(await enrol(cloud, "ABCDE-FGHJK", mine.publicKey)).toEqual(refused);
  });

  test("of several that come with one code at once, one gets in", async () => {
    const cloud = open();
    const code = await prepare(cloud, "belt-race");
    const keys = Array.from({ length: 6 }, makeStationKey);
    const replies = await Promise.all(keys.map(({ publicKey }) => enrol(cloud, code, publicKey)));
    expect(
      replies
        .map(({ status }) => String(status))
        .toSorted()
        .map(Number),
    ).toEqual([200, 403, 403, 403, 403, 403]);
  });

  test("an expired code is refused like an unknown one", async () => {
    const cloud = open();
    const code = await prepare(cloud, "belt-3");
    await cloud.database.kysely
      .updateTable("enrolment_codes")
      .set({ expires_at: new Date(Date.now() - 1) })
      .where("station_id", "=", "belt-3")
      .execute();
    expect((await enrol(cloud, code, makeStationKey().publicKey)).body.failure?.code).toBe(
      "enrolment.refused",
    );
  });

  test("the key in use goes on until a new code is used, and ends then with its tokens", async () => {
    const cloud = open();
    const former = await cloud.register("belt-4");
    const code = await prepare(cloud, "belt-4");
    expect((await putReport(cloud, "belt-4", former.token)).status).toBe(200);
    expect((await askToken(cloud, "belt-4", former.privateKey)).reply.status).toBe(200);
    const fresh = makeStationKey();
    expect((await enrol(cloud, code, fresh.publicKey)).status).toBe(200);
    expect((await putReport(cloud, "belt-4", former.token)).status).toBe(401);
    expect((await askToken(cloud, "belt-4", former.privateKey)).reply.status).toBe(401);
    expect((await askToken(cloud, "belt-4", fresh.privateKey)).reply.status).toBe(200);
  });

  test("a number that was signed buys one token, for its own station, within a minute", async () => {
    const cloud = open();
    const { privateKey } = await cloud.register("belt-5");
    await cloud.register("belt-6");
    const { request, reply } = await askToken(cloud, "belt-5", privateKey);
    expect(reply.status).toBe(200);
    expect((await send(cloud, "/v1/stations/belt-5/tokens", request)).status).toBe(401);
    const past = createChallenges(cloud.deps.config, () => Date.now() - 61_000).give("belt-5").nonce;
    const late = { nonce: past, signature: signNonce(privateKey, "belt-5", past) };
    expect((await send(cloud, "/v1/stations/belt-5/tokens", late)).status).toBe(401);
    const others = createChallenges(cloud.deps.config).give("belt-6").nonce;
    const stolen = { nonce: others, signature: signNonce(privateKey, "belt-5", others) };
    expect((await send(cloud, "/v1/stations/belt-5/tokens", stolen)).status).toBe(401);
  });

  test("few tokens of a station live at a time", async () => {
    const cloud = open();
    const { privateKey } = await cloud.register("belt-7");
    const { kysely } = cloud.database;
    for (let turn = 0; turn < 6; turn += 1) {
      expect((await askToken(cloud, "belt-7", privateKey)).reply.status).toBe(200);
      await kysely
        .updateTable("station_tokens")
        .set({ issued_at: new Date(Date.now() - 120_000 + turn * 1000) })
        .where("station_id", "=", "belt-7")
        .where("issued_at", ">", new Date(Date.now() - 60_000))
        .execute();
    }
    const left = await kysely
      .selectFrom("station_tokens")
      .selectAll()
      .where("station_id", "=", "belt-7")
      .execute();
    expect(left.length).toBeLessThanOrEqual(5);
  });

  test("a revoked station is out with its next request and unknown like a stranger; restored it is back", async () => {
    const cloud = open();
    const { token, privateKey } = await cloud.register("belt-8");
    const code = await prepare(cloud, "belt-8");
    expect((await send(cloud, "/v1/stations/belt-8/revoke", {}, asAdmin)).status).toBe(200);
    expect((await putReport(cloud, "belt-8", token)).status).toBe(401);
    const revoked = (await askToken(cloud, "belt-8", privateKey)).reply;
    expect(revoked).toEqual((await askToken(cloud, "nobody", privateKey)).reply);
    expect((await enrol(cloud, code, makeStationKey().publicKey)).status).toBe(403);
    expect((await readStation(cloud, "belt-8"))?.state).toBe("revoked");
    expect((await send(cloud, "/v1/stations/belt-8/restore", {}, asAdmin)).status).toBe(200);
    expect((await askToken(cloud, "belt-8", privateKey)).reply.status).toBe(200);
    expect((await putReport(cloud, "belt-8", token)).status).toBe(401);
  });

  test("what was done is in the audit log, without codes and tokens, and stays there", async () => {
    const cloud = open();
    const code = await prepare(cloud, "belt-9");
    await enrol(cloud, code, makeStationKey().publicKey);
    await send(cloud, "/v1/stations/belt-9/revoke", {}, asAdmin);
    const response = await cloud.app.request("/v1/console/audit", { headers: asAdmin });
    const { items } = (await response.json()) as {
      items: { action: string; subject: string; actor: string }[];
    };
    expect(
      items.filter(({ subject }) => subject === "station belt-9").map(({ action, actor }) => [action, actor]),
    ).toEqual([
      ["station.revoked", "root"],
      ["station.enrolled", "station belt-9"],
      ["station.prepared", "root"],
    ]);
    expect(JSON.stringify(items)).not.toContain(code);
    await expect(cloud.database.kysely.deleteFrom("audit_log").execute()).rejects.toThrow();
  });

  test("hubs are made once, and a tenant only by the installation's own token", async () => {
    const cloud = open();
    expect((await send(cloud, "/v1/hubs", { hubId: "north", name: "North" }, asAdmin)).status).toBe(201);
    expect((await send(cloud, "/v1/hubs", { hubId: "north", name: "North" }, asAdmin)).status).toBe(409);
    const unnamed = await send(cloud, "/v1/stations", { stationId: "belt-10" }, asAdmin);
    expect(unnamed.status).toBe(400);
    const named = await send(cloud, "/v1/stations", { stationId: "belt-10", hubId: "north" }, asAdmin);
    expect(named.body.hubId).toBe("north");
    expect((await send(cloud, "/v1/tenants", { tenantId: "other", name: "Other" }, asAdmin)).status).toBe(
      201,
    );
    const asOther = { ...asAdmin, "waystation-tenant": "other" };
    expect((await send(cloud, "/v1/stations", { stationId: "belt-10" }, asOther)).status).toBe(403);
    const asNobody = { ...asAdmin, "waystation-tenant": "nobody" };
    expect((await send(cloud, "/v1/hubs", { hubId: "x", name: "x" }, asNobody)).status).toBe(400);
  });
});
