import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { makeParts, serveScriptedShapes } from "../../test/support/scripted-shapes.ts";
import { startThread } from "../edge/start-thread.ts";
import type { ReplicaInput, ReplicaOutput } from "./messages.ts";

const labelText = (number: number): string => `^XA^FD${number}^FS^XZ`;
const labelOf = (number: number) => ({
  kind: "zpl" as const,
  base64: Buffer.from(labelText(number)).toString("base64"),
});

async function startReplica(dir: string, url: string, token?: string) {
  const messages: ReplicaOutput[] = [];
  const errors: unknown[] = [];
  const thread = startThread<ReplicaInput, ReplicaOutput>(
    new URL("replica-worker.ts", import.meta.url),
    {
      ordersPath: join(dir, "orders.db"),
      factsPath: join(dir, "facts.db"),
      cloud: token === undefined ? { url } : { url, token },
    },
    (error) => errors.push(error),
  );
  thread.onMessage((message) => messages.push(message));
  let requests = 0;
  await waitUntil(() => messages.some(({ kind }) => kind === "ready"), "the thread");
  const of = <K extends ReplicaOutput["kind"]>(kind: K) =>
    messages.filter((message): message is Extract<ReplicaOutput, { kind: K }> => message.kind === kind);
  return {
    thread,
    errors,
    of,
    async label(number: number) {
      requests += 1;
      const requestId = requests;
      const askedAt = performance.now();
      const { order_id: orderId } = makeParts(number).orders;
      thread.post({
        kind: "compose-label",
        requestId,
        orderId,
        weightGrams: null,
        chute: null,
        language: "zpl",
      });
      await waitUntil(() => of("label").some((answer) => answer.requestId === requestId), "the label");
      const { label } = of("label").find((answer) => answer.requestId === requestId) ?? {};
      return { label, tookMs: performance.now() - askedAt };
    },
    async stop(): Promise<void> {
      thread.post({ kind: "stop" });
      await thread.ended;
    },
  };
}

test("the thread follows with a token that comes later, answers while a big chunk comes in, and tells of a swap until it is heard", async () => {
  await using resources = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "waystation-thread-"));
  resources.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cloud = await serveScriptedShapes({ chunkRows: 20_000 });
  resources.defer(() => cloud.close());
  cloud.putSettings();
  cloud.putOrder(1, { label: labelOf(1) });
  const replica = await startReplica(dir, cloud.url);
  resources.defer(() => replica.stop());
  expect(cloud.requests).toEqual([]);
  replica.thread.post({ kind: "token", token: "a-token-that-came-later" });
  await waitUntil(
    () => replica.of("orders").some(({ ordersVisible }) => ordersVisible === 1),
    "the first order",
  );

  // 6,000 orders in one chunk of each shape; labels are asked for all the while.
  for (let number = 2; number <= 6000; number += 1) cloud.putOrder(number);
  cloud.invalidate("orders");
  const waits: number[] = [];
  while (replica.of("orders-file").length === 0) {
    const { label, tookMs } = await replica.label(1);
    expect(label?.ok).toBe(true);
    waits.push(tookMs);
  }
  expect(waits.length).toBeGreaterThan(3);
  const longest = Math.max(...waits);
  expect(longest, `the longest of ${waits.length} waits`).toBeLessThan(1000);

  await waitUntil(() => replica.of("orders-file").length > 2, "it is told again");
  const [told] = replica.of("orders-file");
  expect(existsSync(join(dir, "orders.db"))).toBe(true);
  replica.thread.post({ kind: "orders-file-open", path: told?.path ?? "" });
  await waitUntil(() => !existsSync(join(dir, "orders.db")), "the former file to go");
  await waitUntil(
    () => replica.of("orders").some(({ ordersVisible }) => ordersVisible === 6000),
    "all orders",
  );
  expect((await replica.label(6000)).label?.ok).toBe(true);
  expect(replica.errors).toEqual([]);
}, 60_000);

test("what the disk changed in an order is not printed, and the orders come again", async () => {
  await using resources = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), "waystation-thread-"));
  resources.defer(() => rmSync(dir, { recursive: true, force: true }));
  const cloud = await serveScriptedShapes();
  resources.defer(() => cloud.close());
  cloud.putSettings();
  cloud.putOrder(1, { label: labelOf(1) });
  const first = await startReplica(dir, cloud.url, "a-token-of-the-tests");
  await waitUntil(() => first.of("orders").some(({ ordersVisible }) => ordersVisible === 1), "the order");
  await first.stop();
  const { default: Database } = await import("better-sqlite3");
  const db = new Database(join(dir, "orders.db"));
  db.exec("UPDATE orders SET body = replace(body, 'Berlin', 'Merlin')");
  db.close();

  const second = await startReplica(dir, cloud.url, "a-token-of-the-tests");
  resources.defer(() => second.stop());
  expect((await second.label(1)).label).toMatchObject({ ok: false, failure: { code: "label.missing" } });
  await waitUntil(() => second.of("orders-file").length > 0, "the swap");
  expect((await second.label(1)).label?.ok).toBe(true);
  expect(second.of("orders-trouble").map(({ failure }) => failure?.code)).toEqual([
    "orders.rebuilding",
    undefined,
  ]);
});
