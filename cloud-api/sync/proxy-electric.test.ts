import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { Database } from "../db/connect.ts";
import { followShape } from "../test-support/follow-shape.ts";
import { serveApp, until } from "../test-support/serve.ts";
import { makeTestCloud, openDatabase, present } from "../test-support/test-cloud.ts";

const secret = "a-secret-of-electric";
let database: Database | null = null;
let asked: { url: URL; headers: IncomingHttpHeaders }[] = [];
let answer: (url: URL, response: ServerResponse) => void = () => undefined;
/** Stands where an Electric service would, and remembers everything it was told. */
const electric = createServer((request, response) => {
  const url = new URL(request.url ?? "", "http://electric");
  asked.push({ url, headers: request.headers });
  answer(url, response);
});

beforeAll(async () => {
  database = await openDatabase({ kind: "temporary" });
  await new Promise<void>((resolve) => electric.listen(0, "127.0.0.1", resolve));
}, 120_000);
afterAll(async () => {
  electric.closeAllConnections();
  electric.close();
  await database?.close();
});
beforeEach(() => {
  asked = [];
  answer = (_, response) => {
    response.writeHead(200, {
      "content-encoding": "gzip",
      "content-type": "application/json",
      "cache-control": "public, max-age=604800, s-maxage=3600, stale-while-revalidate=2629746",
      "electric-handle": "1-1720000000000000",
      "electric-offset": "0_0",
      "set-cookie": "session=stolen",
      "access-control-allow-origin": "*",
      "x-internal": secret,
      server: "electric",
    });
    response.end(gzipSync("[]"));
  };
});

function makeCloud() {
  const address = electric.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return makeTestCloud(present(database), {
    electricUrl: `http://127.0.0.1:${port}/`,
    electricSecret: secret,
  });
}

test("the cloud authorises, sets the shape itself, and passes nothing else on in either direction", async () => {
  const cloud = makeCloud();
  const { headers } = await cloud.register("proxied");
  const ask = (query: string, as: Record<string, string> = headers) =>
    cloud.app.request(`/v1/shape?${query}`, {
      headers: { cookie: "a=b", "x-own": "1", "if-none-match": '"e"', ...as },
    });

  const reply = await ask(
    "table=acknowledgements&offset=-1&log=full&api_secret=stolen&novelty=1&secret=mine&source_id=x",
  );
  expect(await reply.json()).toEqual([]);
  expect(
    Object.fromEntries([...reply.headers].filter(([name]) => !/^(x-|cross-|origin-|referrer-)/.test(name))),
  ).toEqual({
    "cache-control": "private, max-age=604800, stale-while-revalidate=2629746",
    "content-type": "application/json",
    "electric-handle": "1-1720000000000000",
    "electric-offset": "0_0",
    vary: "authorization",
  });
  expect(JSON.stringify([...reply.headers])).not.toContain(secret);
  expect(asked[0]?.url.pathname).toBe("/v1/shape");
  expect(Object.fromEntries(present(asked[0]).url.searchParams)).toEqual({
    table: "acknowledgements",
    columns: '"station_id","log_id","received_through","durable_through"',
    where: '"station_id" = $1',
    "params[1]": "proxied",
    offset: "-1",
    log: "full",
    secret,
  });
  const told = present(asked[0]).headers;
  expect([told.authorization, told.cookie, told["x-own"], told["if-none-match"]]).toEqual([
    undefined,
    undefined,
    undefined,
    '"e"',
  ]);

  expect((await ask("table=orders&offset=-1", { authorization: "" })).status).toBe(401);
  expect((await ask("table=stations&offset=-1")).status).toBe(400);
  expect((await ask("table=orders&offset=-1&where=true")).status).toBe(400);
  expect((await ask("table=orders&offset=now")).status).toBe(400);
  expect(asked).toHaveLength(1);
  await ask(
    'table=orders&offset=0_0&handle=1-1&live=true&cursor=5&replica=full&columns="body",order_id,revision',
  );
  expect(asked[1]?.url.searchParams.get("where")).toBe('"tenant_id" = $1 AND "hub_id" = $2');
  expect(asked[1]?.url.searchParams.get("params[2]")).toBe("main");
  expect(asked[1]?.url.searchParams.get("live")).toBe("true");
});

test("a service that is away, refuses us or answers too much is never told as the station's fault, nor with our secret", async () => {
  const cloud = makeCloud();
  const { headers } = await cloud.register("unlucky");
  const ask = async (from = cloud) => {
    const reply = await from.app.request("/v1/shape?table=orders&offset=-1", { headers });
    return { status: reply.status, text: await reply.text(), retry: reply.headers.get("retry-after") };
  };
  for (const status of [401, 403, 404]) {
    answer = (url, response) => response.writeHead(status).end(`no: ${url.search}`);
    const refused = await ask();
    expect([refused.status, refused.text.includes(secret)]).toEqual([500, false]);
  }
  answer = (url, response) => response.writeHead(302, { location: `http://127.0.0.1:1/${url.search}` }).end();
  expect(await ask()).toMatchObject({ status: 503, retry: expect.any(String) });
  answer = (_, response) => response.writeHead(503, { "retry-after": "7" }).end("{}");
  expect(await ask()).toMatchObject({ status: 503, retry: "7" });
  const away = makeTestCloud(present(database), {
    electricUrl: "http://127.0.0.1:9",
    electricSecret: secret,
  });
  const gone = await ask(away);
  expect([gone.status, gone.text]).toEqual([503, '{"failure":{"code":"cloud.unreachable","details":{}}}']);
});

/** As an Electric service sends them, one after the other. */
const recorded: Record<string, { status: number; headers: Record<string, string>; body: unknown }> = {
  "-1": {
    status: 200,
    headers: { "electric-offset": "0_0" },
    body: [
      {
        key: '"public"."releases"/"default"/"o-1"',
        value: { tenant_id: "default", order_id: "o-1", revision: "1", parts_hash: "aa" },
        headers: { operation: "insert", relation: ["public", "releases"] },
      },
      { headers: { control: "snapshot-end", xmin: "740", xmax: "740", xip_list: [] } },
    ],
  },
  "0_0": {
    status: 200,
    headers: { "electric-offset": "0_inf", "electric-up-to-date": "" },
    body: [{ headers: { control: "up-to-date", global_last_seen_lsn: "0" } }],
  },
  "0_inf": {
    status: 200,
    headers: { "electric-offset": "26802384_2", "electric-up-to-date": "", "electric-cursor": "54000020" },
    body: [
      {
        key: '"public"."releases"/"default"/"o-1"',
        value: { tenant_id: "default", order_id: "o-1", revision: "2", parts_hash: "bb" },
        old_value: { revision: "1", parts_hash: "aa" },
        headers: {
          operation: "update",
          relation: ["public", "releases"],
          lsn: "26802384",
          op_position: 2,
          txids: [743],
          last: true,
        },
      },
      { headers: { control: "up-to-date", global_last_seen_lsn: "26802384" } },
    ],
  },
};

test("a recorded exchange of Electric reaches the official client through the cloud", async () => {
  const schema = {
    tenant_id: { type: "text" },
    order_id: { type: "text" },
    revision: { type: "int8" },
    parts_hash: { type: "text" },
  };
  answer = (url, response) => {
    const step = recorded[url.searchParams.get("offset") ?? ""];
    // The last place is held, as a live request is, until the test ends.
    if (step === undefined) return;
    const live = url.searchParams.get("live") === "true";
    const more = live ? {} : { "electric-schema": JSON.stringify(schema) };
    response.writeHead(step.status, {
      "electric-handle": "123-1720000000000000",
      "content-type": "application/json",
      ...step.headers,
      ...more,
    });
    response.end(JSON.stringify(step.body));
  };
  const cloud = makeCloud();
  const { token } = await cloud.register("recorded");
  const server = await serveApp(cloud);
  const client = followShape(server.url, token, "releases");
  try {
    await until(() => client.shape.currentRows[0]?.revision === "2", "the change arrived");
    expect(client.shape.currentRows).toEqual([
      { tenant_id: "default", order_id: "o-1", revision: "2", parts_hash: "bb" },
    ]);
    expect([client.stream.lastOffset, client.stream.shapeHandle]).toEqual([
      "26802384_2",
      "123-1720000000000000",
    ]);
  } finally {
    client.stop();
    await server.close();
  }
});
