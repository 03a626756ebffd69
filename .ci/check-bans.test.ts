import { expect, test } from "vitest";
import { bans, findBanned } from "./check-bans.ts";

const names = (path: string, text: string) => findBanned(path, text).map((finding) => finding.ban);
const focused = ["on", "ly"].join("");

const wrong: readonly (readonly [ban: string, path: string, text: string])[] = [
  ["ipc", "station-app/renderer/app.tsx", `import { ipcRenderer as bridge } from "electron";`],
  ["process-env", "cloud-api/modules/ingest/routes.ts", "export const a = process.env.TOKEN;"],
  ["throw-in-shared", "shared/model/order.ts", "export function f() { throw new Error(); }"],
  ["clock-in-shared", "shared/session/step.ts", "export const now = Date.now();"],
  ["clock-in-shared", "shared/session/step.ts", "export const now = new Date();"],
  ["clock-in-shared", "shared/model/id.ts", "export const r = Math.random();"],
  ["clock-in-shared", "shared/session/step.ts", "setTimeout(() => {}, 1);"],
  ["socket-by-global", "drivers/scales/http-scale.ts", `export const a = fetch("http://scale");`],
  ["default-export", "drivers/registry.ts", "export default [];"],
  ["default-export", "drivers/registry.ts", "export default function registry() {}"],
  ["default-export", "drivers/registry.ts", "const a = 1; export { a as default };"],
  ["focused-or-skipped-test", "shared/a.test.ts", `test.${focused}("a", () => {});`],
  ["focused-or-skipped-test", "shared/a.test.ts", `describe.skip("a", () => {});`],
];

test.each(wrong)("%s is found in %s: %s", (ban, path, text) => {
  expect(names(path, text)).toEqual([ban]);
});

test("every ban has been seen firing above", () => {
  const seen = new Set(wrong.map(([ban]) => ban));
  expect(bans.map((ban) => ban.name).filter((name) => !seen.has(name))).toEqual([]);
});

test("an unfinished marker is found in a comment", () => {
  expect(names("shared/a.ts", `// ${"TO"}${"DO"} later`)).toEqual(["marker"]);
});

test("the allowed places and lookalikes stay silent", () => {
  expect(names("station-app/main/window.ts", `import { ipcMain } from "electron";`)).toEqual([]);
  expect(names("cloud-api/config/read-config.ts", "export const a = process.env;")).toEqual([]);
  expect(names("shared/failures/assert.ts", "export function f() { throw new Error(); }")).toEqual([]);
  expect(names("shared/model/day.ts", "export const day = new Date(0); // not Date.now()")).toEqual([]);
  expect(names("shared/model/text.ts", "export const text = 'process.env and throw and fetch()';")).toEqual(
    [],
  );
  expect(names("drivers/transport/http.ts", `export const a = fetch("http://scale");`)).toEqual([]);
  expect(names("vitest.config.ts", "export default {};")).toEqual([]);
  expect(names("shared/a.test.ts", `test.skipIf(true)("a", () => {});`)).toEqual([]);
  expect(names("shared/a.ts", "switch (1) { default: }")).toEqual([]);
});
