import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, test } from "vitest";
import { createTokenSource } from "./token-source.ts";

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.then(() => (settled = true));
  await nextTurn();
  return !settled;
}

test("whoever asks waits while there is no token or a refused one, and gets the next", async () => {
  let refusals = 0;
  const tokens = createTokenSource(null, () => (refusals += 1));
  const first = tokens.authorization();
  expect(await isPending(first)).toBe(true);
  tokens.set("one");
  expect(await first).toBe("Bearer one");
  expect(await tokens.authorization()).toBe("Bearer one");

  tokens.refuse("Bearer one");
  tokens.refuse("Bearer one");
  expect(refusals).toBe(1);
  const next = [tokens.authorization(), tokens.authorization()];
  expect(await isPending(Promise.race(next))).toBe(true);
  tokens.set("two");
  expect(await Promise.all(next)).toEqual(["Bearer two", "Bearer two"]);

  // The late answer to a request that bore the former one.
  tokens.refuse("Bearer one");
  expect(await tokens.authorization()).toBe("Bearer two");
  expect(refusals).toBe(1);
});
