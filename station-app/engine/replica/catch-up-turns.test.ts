import { afterEach, expect, test, vi } from "vitest";
import { createCatchUpTurns } from "./catch-up-turns.ts";

afterEach(() => void vi.useRealTimers());

const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test("one has the turn, the lowest rank is next, and whoever goes away is passed over", async () => {
  const join = createCatchUpTurns();
  const [orders, releases, shipments] = [join(2), join(0), join(1)];
  const passed: string[] = [];
  const leave = new AbortController();
  await orders.take(null);
  await orders.take(null);
  const refused = releases.take(leave.signal).catch((error: unknown) => passed.push(String(error)));
  void shipments.take(null).then(() => passed.push("shipments"));
  void shipments.take(null).then(() => passed.push("shipments again"));
  shipments.giveBack();
  await settle();
  expect(passed).toEqual([]);

  leave.abort(new Error("gone"));
  await refused;
  orders.giveBack();
  await settle();
  expect(passed).toEqual(["Error: gone", "shipments", "shipments again"]);

  void orders.take(null).then(() => passed.push("orders"));
  void releases.take(null).then(() => passed.push("releases"));
  shipments.giveBack();
  await settle();
  expect(passed.at(-1)).toBe("releases");
  releases.giveBack();
  await settle();
  expect(passed.at(-1)).toBe("orders");
});

test("whoever comes aborted does not take a free turn", async () => {
  const join = createCatchUpTurns();
  await expect(join(0).take(AbortSignal.abort(new Error("gone")))).rejects.toThrow("gone");
  await join(1).take(null);
});

test("a holder that asks for nothing any more is passed over, one that goes on is not", async () => {
  vi.useFakeTimers();
  const join = createCatchUpTurns(1000);
  const [silent, busy, last] = [join(0), join(1), join(2)];
  const passed: string[] = [];
  await silent.take(null);
  void busy.take(null).then(() => passed.push("busy"));
  await vi.advanceTimersByTimeAsync(999);
  expect(passed).toEqual([]);
  await vi.advanceTimersByTimeAsync(1);
  expect(passed).toEqual(["busy"]);

  void last.take(null).then(() => passed.push("last"));
  for (let times = 0; times < 5; times += 1) {
    await vi.advanceTimersByTimeAsync(900);
    await busy.take(null);
  }
  expect(passed).toEqual(["busy"]);
  busy.giveBack();
  await vi.advanceTimersByTimeAsync(0);
  expect(passed).toEqual(["busy", "last"]);
});
