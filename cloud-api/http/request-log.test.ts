import { Writable } from "node:stream";
import { expect, test } from "vitest";
import { createApp } from "../app.ts";
import { makeFacts } from "../test-support/make-facts.ts";
import { serveApp, until } from "../test-support/serve.ts";
import { asAdmin, describeOnEachDatabase, type TestCloud } from "../test-support/test-cloud.ts";
import { describeError } from "./describe-error.ts";
import { createLogger, type LogEntry } from "./logger.ts";

const fromHere = { incoming: { socket: { remoteAddress: "127.0.0.1" } } };

/** The cloud with its log caught as the text that would be written. */
function withLog(cloud: TestCloud): {
  app: ReturnType<typeof createApp>;
  lines: Record<string, unknown>[];
  text: () => string;
} {
  const written: string[] = [];
  const stream = new Writable({
    write: (chunk, _encoding, done) => {
      written.push(String(chunk));
      done();
    },
  });
  const logger = createLogger("debug", stream);
  const lines: Record<string, unknown>[] = [];
  const logLine = (entry: LogEntry): void => {
    lines.push(entry);
    logger.write(entry);
  };
  return { app: createApp({ ...cloud.deps, logLine }), lines, text: () => written.join("") };
}

describeOnEachDatabase("requests in the log", (cloud) => {
  test("one line each: id, route, status, who; never what was said", async () => {
    const { app, lines, text } = withLog(cloud());
    const station = await cloud().register("log-station");
    const path = "/v1/stations/log-station/facts";
    const upload = {
      wireVersion: 1,
      stationId: "log-station",
      logId: "log-1",
      facts: makeFacts({ stationId: "log-station", count: 8 }),
    };
    const answer = await app.request(`${path}?hidden=query-text`, {
      method: "POST",
      headers: { ...station.headers, "x-request-id": "upload-0001", "user-agent": "secret-agent" },
      body: JSON.stringify(upload),
    });
    expect(answer.status).toBe(200);
    expect(answer.headers.get("x-request-id")).toBe("upload-0001");
    const line = lines.find(({ event }) => event === "request");
    expect(line).toMatchObject({
      level: "info",
      requestId: "upload-0001",
      method: "POST",
      route: "/v1/stations/:stationId/facts",
      status: 200,
      actor: "station log-station",
      log: "log-1",
      firstSequence: 1,
      facts: 8,
    });
    expect(line?.parcels).toHaveLength(2);
    expect(JSON.parse(text().split("\n")[0] ?? "")).toMatchObject({
      level: "info",
      requestId: "upload-0001",
    });
    for (const hidden of [station.token, "query-text", "secret-agent", "previousHash"])
      expect(text()).not.toContain(hidden);
  });

  test.each(["", "x", "has blank", "a\u0000b", "<script>alert(1)", "x".repeat(65), "новый-номер"])(
    "an ill-formed request id is replaced (%#)",
    async (offered) => {
      const { app } = withLog(cloud());
      const headers = new Headers();
      try {
        headers.set("x-request-id", offered);
      } catch {
        return;
      }
      const given = (await app.request("/livez", { headers })).headers.get("x-request-id");
      expect(given).toMatch(/^[0-9a-f-]{36}$/);
    },
  );

  test("a refusal and an unknown path are told by code and by a bounded route", async () => {
    const { app, lines, text } = withLog(cloud());
    await app.request("/v1/console/orders?search=Zebulon");
    await app.request("/some/stranger@example.com");
    expect(lines).toMatchObject([
      { route: "/v1/console/orders", status: 401, refusal: "access.unauthenticated" },
      { route: "unmatched", status: 404, refusal: "resource.unknown" },
    ]);
    expect(text()).not.toMatch(/Zebulon|stranger/);
  });

  test("measurements: for this machine alone, or for whoever has the token", async () => {
    const { app } = withLog(cloud());
    const get = (headers: Record<string, string>, env?: unknown, through = app) =>
      through.request("/metrics", { headers }, env as object);
    expect((await get({})).status).toBe(403);
    expect((await get({ "x-forwarded-for": "9.9.9.9" }, fromHere)).status).toBe(403);
    expect((await get({}, { incoming: { socket: { remoteAddress: "10.0.0.9" } } })).status).toBe(403);
    await app.request("/v1/nothing/at/all/12345");
    const answer = await get({}, fromHere);
    expect(answer.headers.get("content-type")).toContain("text/plain");
    const text = await answer.text();
    expect(text).toContain(
      'waystation_http_request_seconds_count{route="unmatched",method="GET",status="404"} 1',
    );
    expect(text).toContain('waystation_http_refusals_total{route="unmatched",code="resource.unknown"} 1');
    expect(text).toContain('waystation_stations{state="enrolled"}');
    expect(text).toContain('waystation_stations_seen{within="');
    expect(text).toContain("waystation_facts_not_durable");
    expect(text).not.toContain("12345");
    expect(text).not.toContain("log-station");
  });

  test("with a token set, the token counts and the place does not", async () => {
    const { makeTestCloud } = await import("../test-support/test-cloud.ts");
    const closed = makeTestCloud(cloud().database, { metricsToken: "metrics-token-of-the-tests" });
    const ask = (headers: Record<string, string>) => closed.app.request("/metrics", { headers }, fromHere);
    expect((await ask({})).status).toBe(401);
    expect((await ask(asAdmin)).status).toBe(401);
    expect((await ask({ authorization: "Bearer metrics-token-of-the-tests" })).status).toBe(200);
    const ready = await closed.app.request("/readyz", {}, fromHere);
    expect(Object.keys((await ready.json()) as object).toSorted()).toEqual(["status", "wireVersions"]);
  });

  test("not ready: stopping, or the schema of a newer program", async () => {
    const stopping = AbortSignal.abort();
    const { app } = { app: createApp({ ...cloud().deps, stopping, logLine: () => undefined }) };
    const answer = await app.request("/readyz");
    expect([answer.status, answer.headers.get("connection")]).toEqual([503, "close"]);
    expect(await answer.json()).toMatchObject({ failure: { code: "cloud.stopping" } });
    expect((await app.request("/livez")).status).toBe(200);
    const inside = await cloud().app.request("/readyz", {}, fromHere);
    expect(await inside.json()).toMatchObject({ status: "ok", schema: expect.stringMatching(/^\d{4}-/) });
  });

  test("over a socket: bytes are counted and a reader that went away is told", async () => {
    const { app, lines } = withLog(cloud());
    app.get("/test/slow", async (context) => {
      await until(() => context.req.raw.signal.aborted, "the reader is gone");
      return context.text("late");
    });
    const served = await serveApp({ ...cloud(), app });
    await (await fetch(`${served.url}/livez`)).text();
    await until(() => lines.some(({ route }) => route === "/livez"), "the line is written");
    expect(Number(lines.find(({ route }) => route === "/livez")?.bytesOut)).toBeGreaterThan(100);
    const gone = new AbortController();
    const asked = fetch(`${served.url}/test/slow`, { signal: gone.signal }).catch(() => null);
    setTimeout(() => gone.abort(), 100);
    await asked;
    await until(() => lines.some(({ aborted }) => aborted === true), "the reader's leaving is written");
    await served.close();
  });
});

test("errors keep their causes and lose what the database quotes", () => {
  const database = Object.assign(new Error('invalid input syntax for type integer: "14 Peculiar Lane"'), {
    code: "22P02",
    detail: "Key (name)=(Zebulon) exists",
    table: "orders",
    parameters: ["Zebulon"],
  });
  const told = JSON.stringify(describeError(new Error("the batch failed", { cause: database })));
  expect(told).toContain("the batch failed");
  expect(told).toContain("22P02");
  expect(told).toContain("orders");
  expect(told).not.toMatch(/Peculiar|Zebulon/);
  expect(told).not.toContain(process.cwd());
});
