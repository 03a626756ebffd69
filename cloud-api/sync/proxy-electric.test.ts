import { createServer } from "node:http";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Database } from "../db/connect.ts";
import { makeTestCloud, openDatabase, present } from "../test-support/test-cloud.ts";

let database: Database | null = null;
const asked: URL[] = [];
/** Stands where an Electric service would: says what it was asked, compressed, with the headers of a shape. */
const electric = createServer((request, response) => {
  asked.push(new URL(request.url ?? "", "http://electric"));
  response.writeHead(200, {
    "content-encoding": "gzip",
    "content-type": "application/json",
    "cache-control": "public, max-age=604800",
    "electric-handle": "h-1",
    "electric-offset": "0_0",
  });
  response.end(gzipSync("[]"));
});

beforeAll(async () => {
  database = await openDatabase({ kind: "memory" });
  await new Promise<void>((resolve) => electric.listen(0, "127.0.0.1", resolve));
}, 120_000);
afterAll(async () => {
  electric.closeAllConnections();
  electric.close();
  await database?.close();
});

test("with an Electric service the cloud authorises, sets the shape itself and passes the answer on", async () => {
  const address = electric.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  const cloud = makeTestCloud(present(database), {
    electricUrl: `http://127.0.0.1:${port}/`,
    electricSecret: "a-secret-of-electric",
  });
  const { headers } = await cloud.register("proxied");
  const ask = (query: string, as: Record<string, string> = headers) =>
    cloud.app.request(`/v1/shape?${query}`, { headers: as });

  const reply = await ask("table=acknowledgements&offset=-1&log=full&api_secret=stolen&novelty=1");
  expect(await reply.json()).toEqual([]);
  expect(reply.headers.get("cache-control")).toBe("private");
  expect(reply.headers.get("content-encoding")).toBeNull();
  expect(reply.headers.get("electric-handle")).toBe("h-1");
  expect(asked[0]?.pathname).toBe("/v1/shape");
  expect(Object.fromEntries(present(asked[0]).searchParams)).toEqual({
    table: "acknowledgements",
    columns: '"station_id","log_id","received_through","durable_through"',
    where: '"station_id" = $1',
    "params[1]": "proxied",
    offset: "-1",
    log: "full",
    secret: "a-secret-of-electric",
  });

  expect((await ask("table=orders&offset=-1", {})).status).toBe(401);
  expect((await ask("table=stations&offset=-1")).status).toBe(400);
  expect((await ask("table=orders&offset=-1&where=true")).status).toBe(400);
  expect(asked).toHaveLength(1);
  await ask(
    'table=orders&offset=0_0&handle=h-1&live=true&cursor=5&replica=full&columns="body",order_id,revision',
  );
  expect(asked[1]?.searchParams.has("where")).toBe(false);
  expect(asked[1]?.searchParams.get("live")).toBe("true");
});

test("an Electric service that is away is a failure the client tries again", async () => {
  const cloud = makeTestCloud(present(database), { electricUrl: "http://127.0.0.1:9" });
  const { headers } = await cloud.register("proxied");
  const reply = await cloud.app.request("/v1/shape?table=orders&offset=-1", { headers });
  expect([reply.status, await reply.json()]).toEqual([
    503,
    { failure: { code: "cloud.unreachable", details: {} } },
  ]);
  expect(reply.headers.get("retry-after")).not.toBeNull();
});
