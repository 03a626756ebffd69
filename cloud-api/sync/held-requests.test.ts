import { expect, test } from "vitest";
import { serveApp, until } from "../test-support/serve.ts";
import { describeOnEachDatabase, makeTestCloud } from "../test-support/test-cloud.ts";
import { holdRequests } from "./held-requests.ts";

const perStation = 16;

describeOnEachDatabase("held requests", (open) => {
  test("one station has sixteen at most, the next gets 429 and a time to wait, others are not touched", async () => {
    const cloud = makeTestCloud(open().database, { longPollMs: 40_000 });
    const [greedy, modest] = [await cloud.register("greedy"), await cloud.register("modest")];
    const server = await serveApp(cloud);
    const shape = `${server.url}/v1/shape?table=channels`;
    const ask = async ({ headers }: typeof greedy, query: string, signal: AbortSignal | null = null) => {
      const response = await fetch(`${shape}&${query}`, { headers, signal });
      return {
        status: response.status,
        retryAfter: response.headers.get("retry-after"),
        headers: response.headers,
      };
    };
    const start = await ask(greedy, "offset=-1");
    const live = `live=true&offset=0_0&handle=${start.headers.get("electric-handle")}`;
    const leave = new AbortController();
    const held = Array.from({ length: perStation }, () =>
      ask(greedy, live, leave.signal).catch(() => "left"),
    );
    const countHeld = async () => /shape_requests_held (\d+)/.exec(await cloud.deps.metrics.render())?.[1];
    try {
      await until(async () => (await countHeld()) === String(perStation), "all are held");
      expect(await ask(greedy, "offset=-1")).toMatchObject({ status: 429, retryAfter: "2" });
      expect((await ask(modest, "offset=-1")).status).toBe(200);
      expect(await countHeld()).toBe(String(perStation));
    } finally {
      leave.abort();
      await Promise.all(held);
    }
    await until(async () => (await countHeld()) === "0", "all are let go");
    expect((await ask(greedy, "offset=-1")).status).toBe(200);
    await server.close();
  });

  test("all together have a limit, too, and a place given back is there for the next", () => {
    const requests = holdRequests(open().database, { all: 3, perStation: 2 }, () => undefined);
    const enter = (station: string) => requests.enter(station);
    const [one, two, three] = [enter("a"), enter("a"), enter("b")];
    expect([one.ok, two.ok, three.ok]).toEqual([true, true, true]);
    expect(enter("c")).toMatchObject({ ok: false, failure: { code: "cloud.busy", details: { limit: 3 } } });
    if (three.ok) three.value.leave();
    expect(enter("a")).toMatchObject({ ok: false, failure: { code: "cloud.busy", details: { limit: 2 } } });
    const next = enter("c");
    expect(next.ok).toBe(true);
    // A refused request holds nothing.
    for (const request of [one, two, next]) if (request.ok) request.value.leave();
    expect([enter("a").ok, enter("a").ok, enter("b").ok, enter("b").ok]).toEqual([true, true, true, false]);
    requests.stop();
  });
});
