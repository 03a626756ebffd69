import { expect, test } from "vitest";
import { explainTrouble } from "./explain-trouble.ts";

const withCode = (code: string): Error => Object.assign(new Error("text"), { code });

test("a full disk and a database that is away are told from bugs, also as the cause of something else", () => {
  const told = (error: unknown) => explainTrouble(error)?.code ?? null;
  expect(told(withCode("53100"))).toBe("cloud.disk-full");
  expect(told(new Error("the snapshot failed", { cause: withCode("ENOSPC") }))).toBe("cloud.disk-full");
  expect(told(withCode("57P01"))).toBe("database.unreachable");
  expect(told(withCode("ECONNREFUSED"))).toBe("database.unreachable");
  expect(told(new Error("Connection terminated unexpectedly"))).toBe("database.unreachable");
  expect(told(withCode("23505"))).toBeNull();
  expect(told(new TypeError("x is undefined"))).toBeNull();
  expect(told("text")).toBeNull();
});

test("causes that go round in a circle end", () => {
  const error = new Error("one");
  error.cause = error;
  expect(explainTrouble(error)).toBeNull();
});
