import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildMutant, checkout, patchFiles } from "./build-mutant.ts";
import type { Mutant } from "./mutant.ts";
import { mutants } from "./mutants.ts";

const allPatches = ({ caught: { arranged = [] }, patches }: Mutant) => [...arranged, ...patches];

test.each(mutants)("$name: what is to be broken stands in the sources once", (mutant) => {
  expect(mutant.patches.length).toBeGreaterThan(0);
  expect(mutant.caught.seeds.length).toBeGreaterThan(0);
  patchFiles(mutant.name, allPatches(mutant));
});

test("no name comes twice", () => {
  expect(new Set(mutants.map(({ name }) => name)).size).toBe(mutants.length);
});

const file = "station-app/engine/core/open-database.ts";

test.each([
  ["nowhere", "this was never written", 0],
  ["more than once", "db.pragma(", 14],
])("a text that stands %s is told with mutant and file", (_, find) => {
  expect(() => patchFiles("rotten", [{ file, find, replace: "" }])).toThrow(
    new RegExp(`"rotten".*stands \\d+ times in ${file}`),
  );
});

test("a place that was broken before is not found a second time", () => {
  const patch = { file, find: "synchronous = FULL", replace: "synchronous = NORMAL" };
  expect(() => patchFiles("twice", [patch, patch])).toThrow("stands 0 times");
});

test("a copy is broken and leads to itself, the checkout stays as it is", () => {
  const before = readFileSync(join(checkout, file), "utf8");
  const { root, remove } = buildMutant("one", [{ file, find: "synchronous = FULL", replace: "$& $1" }]);
  try {
    expect(readFileSync(join(root, file), "utf8")).toContain('db.pragma("$& $1")');
    expect(readFileSync(join(checkout, file), "utf8")).toBe(before);
    expect(existsSync(join(root, "node_modules/better-sqlite3/package.json"))).toBe(true);
    expect(
      readFileSync(join(root, "node_modules/@waystation/station-app/engine/core/open-database.ts"), "utf8"),
    ).toContain("$& $1");
  } finally {
    remove();
  }
  expect(existsSync(root)).toBe(false);
});
