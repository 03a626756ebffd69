import type { Failure } from "@waystation/shared/failures/result";
import { expect, test } from "vitest";
import { createReplicaTroubles } from "./replica-troubles.ts";

function makeTroubles() {
  const told: (Failure | null)[] = [];
  let nowMs = 0;
  const troubles = createReplicaTroubles(
    (failure) => told.push(failure),
    () => nowMs,
  );
  return { troubles, told, advance: (byMs: number) => (nowMs += byMs) };
}

test("a shape refetched again and again waits twice as long each time, up to a minute", () => {
  const { troubles, told } = makeTroubles();
  const waits = Array.from({ length: 12 }, () => {
    const waitMs = troubles.refetched("orders");
    // Also when each of them came to an end and the next followed at once.
    troubles.arrived("orders");
    return waitMs;
  });
  expect(waits).toEqual([0, 250, 500, 1000, 2000, 4000, 8000, 16_000, 32_000, 60_000, 60_000, 60_000]);
  expect(told.at(-1)).toBeNull();
  expect(told.some((failure) => failure?.code === "orders.refetch-loop")).toBe(true);
});

test("a refetch long after the last one has nothing to do with it, and one of another shape neither", () => {
  const { troubles, told, advance } = makeTroubles();
  expect(troubles.refetched("orders")).toBe(0);
  expect(troubles.refetched("releases")).toBe(0);
  advance(600_001);
  expect(troubles.refetched("orders")).toBe(0);
  expect(told).toEqual([]);
});

test("rows that are refused are counted once each, and no more than a bounded number is kept", () => {
  const { troubles, told } = makeTroubles();
  for (const key of ["a", "a", "b"]) troubles.row("channels", key, false);
  expect(told.at(-1)).toMatchObject({
    code: "orders.rows-refused",
    details: { count: 2, shape: "channels" },
  });
  for (let key = 0; key < 20_000; key += 1) troubles.row("orders", String(key), false);
  expect(told.at(-1)).toMatchObject({ details: { count: 10_000 } });
});
