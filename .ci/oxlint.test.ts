import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";

const root = join(import.meta.dirname, "..");

const faults = `
declare function save(): Promise<void>;
declare const kind: "a" | "b";
export function floating() { save(); }
export function misused(list: number[]) { list.forEach(async () => { await save(); }); }
export function partial(): number { switch (kind) { case "a": return 1; } return 0; }
`;

test("the type-aware rules fire: without its type checker oxlint would be silent about promises", () => {
  const folder = mkdtempSync(join(tmpdir(), "oxlint-"));
  writeFileSync(
    join(folder, "tsconfig.json"),
    `{"compilerOptions":{"strict":true,"target":"es2024","types":[]},"include":["*.ts"]}`,
  );
  writeFileSync(join(folder, "faults.ts"), faults);
  const oxlint = join(root, "node_modules/oxlint/bin/oxlint");
  const { stdout, stderr } = spawnSync(
    process.execPath,
    [oxlint, "--type-aware", "-c", join(root, ".oxlintrc.json"), "-f", "json", "."],
    {
      cwd: folder,
      encoding: "utf8",
      env: { ...process.env, PATH: `${join(root, "node_modules/.bin")}:${process.env.PATH}` },
    },
  );
  rmSync(folder, { recursive: true });
  if (stdout === "") throw new Error(stderr);
  const { diagnostics } = JSON.parse(stdout) as { diagnostics: { code: string; severity: string }[] };
  expect(diagnostics.map(({ code, severity }) => `${severity} ${code}`).sort()).toEqual([
    "error typescript(no-floating-promises)",
    "error typescript(no-misused-promises)",
    "error typescript(switch-exhaustiveness-check)",
  ]);
});
