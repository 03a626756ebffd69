import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { createRequire } from "node:module";
import type { IConfiguration } from "dependency-cruiser";
import { afterEach, expect, test } from "vitest";
import type { BorderViolation } from "./check-borders.ts";

const checker = join(import.meta.dirname, "check-borders.ts");
const packages = ["shared", "drivers", "station-app", "cloud-api", "fixtures"];
const libraries = ["zod", "ws", "serialport", "electron", "react", "better-sqlite3"];
let folder: string | null = null;

afterEach(() => {
  if (folder !== null) rmSync(folder, { recursive: true });
  folder = null;
});

/** A tiny house with the real package names, so that resolution through `exports` and symlinks is tried too. */
function plant(files: Readonly<Record<string, string>>): string {
  const root = mkdtempSync(join(tmpdir(), "borders-"));
  folder = root;
  const write = (path: string, text: string) => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  write("package.json", `{"type":"module"}`);
  for (const name of libraries) {
    write(`node_modules/${name}/package.json`, `{"name":"${name}","main":"dist/index.js"}`);
    write(`node_modules/${name}/dist/index.js`, "");
  }
  const dependencies = JSON.stringify(
    Object.fromEntries([...libraries, "@waystation/shared"].map((name) => [name, "1"])),
  );
  mkdirSync(join(root, "node_modules/@waystation"));
  for (const name of packages) {
    write(
      `${name}/package.json`,
      `{"name":"@waystation/${name}","type":"module","exports":{"./*":"./*.ts"},"dependencies":${dependencies}}`,
    );
    symlinkSync(`../../${name}`, join(root, "node_modules/@waystation", name));
  }
  for (const [path, text] of Object.entries(files)) write(path, text);
  return root;
}

function check(files: Readonly<Record<string, string>>): BorderViolation[] {
  const { stdout, stderr } = spawnSync(process.execPath, [checker, "--json"], {
    cwd: plant(files),
    encoding: "utf8",
  });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

const use = (...specifiers: string[]) => specifiers.map((name) => `import "${name}";`).join("\n");

test("a house that keeps every border passes", () => {
  const violations = check({
    "shared/model/order.ts": use("zod"),
    "shared/session/view.ts": use("../model/order.ts"),
    "shared/wire/ipc.ts": use("../session/view.ts"),
    "drivers/transport/tcp.ts": use("node:net", "serialport", "@waystation/shared/model/order"),
    "drivers/scanners/wedge.ts": use("@waystation/shared/model/order"),
    "drivers/twins/run-twin.ts": use("../transport/tcp.ts", "@waystation/fixtures/parcels"),
    "fixtures/parcels.ts": "export const parcels = [];",
    "station-app/engine/entry.ts": use(
      "./edge/rpc-server.ts",
      "@waystation/drivers/transport/tcp",
      "better-sqlite3",
    ),
    "station-app/engine/edge/rpc-server.ts": use("ws", "node:http", "@waystation/shared/wire/ipc"),
    "station-app/main/start-app.ts": use("electron", "node:path", "@waystation/shared/wire/ipc"),
    "station-app/preload/preload.ts": use("electron", "@waystation/shared/wire/ipc"),
    "station-app/renderer/main.tsx": use(
      "react",
      "@waystation/drivers/scanners/wedge",
      "@waystation/shared/session/view",
    ),
    "station-app/cli/waystation.ts": use("@waystation/cloud-api/server", "node:net", "../engine/entry.ts"),
    "cloud-api/server.ts": use("node:http", "./modules/ingest/receive-facts.ts", "./carriers/registry.ts"),
    "cloud-api/modules/ingest/receive-facts.ts": use("./queries.ts", "../stations/find-station.ts"),
    "cloud-api/modules/ingest/queries.ts": use("zod"),
    "cloud-api/modules/stations/find-station.ts": use("@waystation/shared/model/order"),
    "cloud-api/carriers/registry.ts": use("zod"),
  });
  expect(violations).toEqual([]);
});

/** Violations of every rule: [rule, folder of the planted file, what it must not import]. */
const planted: readonly (readonly [rule: string, folder: string, specifier: string, extension?: string])[] = [
  ["no-unresolvable", "cloud-api", "not-installed"],
  ["packages-by-name", "drivers/kit", "../../shared/model/order.ts"],
  ["product-never-imports-tests", "drivers/kit", "./device.test.ts"],
  ["shared-is-pure", "shared", "node:crypto"],
  ["shared-is-pure", "shared", "react"],
  ["shared-is-pure", "shared", "@waystation/drivers/kit/device"],
  ["drivers-import-shared", "drivers/kit", "@waystation/station-app/engine/entry"],
  ["drivers-import-shared", "drivers/kit", "@waystation/fixtures/parcels"],
  ["twins-import-shared", "drivers/twins", "@waystation/cloud-api/server"],
  ["device-libraries-in-transport", "drivers/scales", "serialport"],
  ["device-libraries-in-transport", "station-app/engine/edge", "serialport"],
  ["sockets-at-the-edges", "drivers/scales", "node:net"],
  ["sockets-at-the-edges", "drivers/twins", "net"],
  ["sockets-at-the-edges", "station-app/engine/edge", "node:http"],
  ["sockets-at-the-edges", "station-app/engine/core", "ws"],
  ["sockets-at-the-edges", "cloud-api/modules/ingest", "node:dgram"],
  ["engine-borders", "station-app/engine", "electron"],
  ["engine-borders", "station-app/engine", "react"],
  ["engine-borders", "station-app/engine", "@waystation/cloud-api/server"],
  ["engine-borders", "station-app/engine", "../main/window.ts"],
  ["main-borders", "station-app/main", "../engine/entry.ts"],
  ["main-borders", "station-app/main", "@waystation/shared/session/step"],
  ["preload-borders", "station-app/preload", "node:fs"],
  ["preload-borders", "station-app/preload", "@waystation/shared/model/order"],
  ["renderer-borders", "station-app/renderer", "@waystation/shared/session/step", "tsx"],
  ["renderer-borders", "station-app/renderer", "@waystation/drivers/kit/device", "tsx"],
  ["renderer-borders", "station-app/renderer", "../engine/entry.ts", "tsx"],
  ["pages-have-no-node", "station-app/renderer", "better-sqlite3", "tsx"],
  ["pages-have-no-node-built-ins", "cloud-api/console", "node:path", "tsx"],
  ["cloud-borders", "cloud-api", "@waystation/drivers/kit/device"],
  ["react-in-console", "cloud-api/modules/ingest", "react"],
  ["console-borders", "cloud-api/console", "../modules/ingest/routes.ts", "tsx"],
  ["carriers-never-import-modules", "cloud-api/carriers/acme", "../../modules/ingest/receive-facts.ts"],
  ["modules-meet-at-use-cases", "cloud-api/modules/hub", "../ingest/queries.ts"],
  ["modules-meet-at-use-cases", "cloud-api/modules/hub", "../ingest/deep/receive-facts.ts"],
  ["checker-stands-alone", "station-app/test/checker", "@waystation/shared/model/order"],
  ["checker-stands-alone", "station-app/test/checker", "../../engine/entry.ts"],
  ["checker-stands-alone", "station-app/test/checker", "zod"],
  ["fixtures-are-data", "fixtures", "@waystation/shared/model/order"],
];
const plantedPath = (row: (typeof planted)[number]) =>
  `${row[1]}/planted-${planted.indexOf(row)}.${row[3] ?? "ts"}`;

/** What the planted files import; innocent itself. */
const scenery = [
  "shared/model/order.ts",
  "shared/session/step.ts",
  "drivers/kit/device.ts",
  "drivers/kit/device.test.ts",
  "fixtures/parcels.ts",
  "station-app/engine/entry.ts",
  "station-app/main/window.ts",
  "cloud-api/server.ts",
  "cloud-api/modules/ingest/routes.ts",
  "cloud-api/modules/ingest/queries.ts",
  "cloud-api/modules/ingest/receive-facts.ts",
  "cloud-api/modules/ingest/deep/receive-facts.ts",
];

test("every planted import is found, by its rule and by no other", () => {
  const found = check({
    ...Object.fromEntries(scenery.map((path) => [path, "export {};"])),
    ...Object.fromEntries(planted.map((row) => [plantedPath(row), use(row[2])])),
  });
  const foundPairs = found.filter(({ from, to }) => from !== to).map(({ rule, from }) => `${rule} ${from}`);
  expect(foundPairs.sort()).toEqual(planted.map((row) => `${row[0]} ${plantedPath(row)}`).sort());
});

test("type-only imports count: for cycles and for borders", () => {
  const found = check({
    "shared/a.ts": `import type { B } from "./b.ts"; export type A = B;`,
    "shared/b.ts": `import type { A } from "./a.ts"; export type B = A;`,
    "shared/c.ts": `import type { D } from "@waystation/drivers/kit/device"; export type C = D;`,
    "drivers/kit/device.ts": "export type D = 1;",
  });
  const foundRules = new Set(
    found.filter(({ from, to }) => from !== to).map(({ rule, from }) => `${rule} ${from}`),
  );
  expect([...foundRules].sort()).toEqual(["no-cycle shared/a.ts", "shared-is-pure shared/c.ts"]);
});

test("files nobody needs are found", () => {
  const found = check({
    "station-app/engine/entry.ts": use("./used.ts"),
    "station-app/engine/used.ts": "export {};",
    "station-app/engine/lonely.ts": "export {};",
    "station-app/engine/only-tested.ts": use("./used.ts"),
    "station-app/engine/only-tested.test.ts": use("./only-tested.ts"),
  });
  expect(found.map(({ rule, from }) => `${rule} ${from}`).sort()).toEqual([
    "no-dead-file station-app/engine/lonely.ts",
    "no-dead-file station-app/engine/only-tested.ts",
    "no-orphan station-app/engine/lonely.ts",
  ]);
});

test("every rule has been seen firing above", () => {
  const seen = new Set([...planted.map(([rule]) => rule), "no-cycle", "no-orphan", "no-dead-file"]);
  const config: IConfiguration = createRequire(import.meta.url)("../.dependency-cruiser.cjs");
  expect(
    config.forbidden?.map((rule) => rule.name).filter((name) => name === undefined || !seen.has(name)),
  ).toEqual([]);
});
