import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { buildShell } from "./build-shell.ts";
import { findElectron } from "./find-electron.ts";

const require = createRequire(import.meta.url);
const root = join(import.meta.dirname, "../..");

test("the packaging file is one electron-builder accepts, with every fuse set", async () => {
  const { validateConfiguration } = require("app-builder-lib/out/util/config/config.js");
  const { DebugLogger } = require("builder-util");
  const { load } = require("js-yaml");
  const config = load(await readFile(join(root, "electron-builder.yml"), "utf8"));
  await validateConfiguration(config, new DebugLogger(false));
  await expect(validateConfiguration({ ...config, nonsense: true }, new DebugLogger(false))).rejects.toThrow(
    "nonsense",
  );
  expect(config).toMatchObject({
    asar: true,
    asarUnpack: ["**/*.node"],
    npmRebuild: false,
    linux: { target: ["AppImage", "deb"] },
    win: { target: ["nsis"] },
    nsis: { oneClick: false, perMachine: true },
    electronFuses: {
      runAsNode: false,
      enableCookieEncryption: true,
      enableNodeOptionsEnvironmentVariable: false,
      enableNodeCliInspectArguments: false,
      enableEmbeddedAsarIntegrityValidation: true,
      onlyLoadAppFromAsar: true,
      grantFileProtocolExtraPrivileges: false,
    },
  });
});

test("main and preload are one file each; preload needs electron alone and gives the page no ipc", async () => {
  const outDir = await mkdtemp(join(tmpdir(), "waystation-shell-"));
  try {
    await buildShell(outDir);
    expect((await readdir(outDir, { recursive: true })).sort()).toEqual(
      ["main", "main/main.js", "preload", "preload/preload.cjs"].map((path) => join(path)),
    );
    const main = await readFile(join(outDir, "main/main.js"), "utf8");
    const imports = [...main.matchAll(/from "([^"]+)"/g)].map(([, name]) => name);
    expect(imports.filter((name) => name !== "electron" && name?.startsWith("node:") !== true)).toEqual([]);
    expect(main).not.toContain("openExternal(");
    const preload = await readFile(join(outDir, "preload/preload.cjs"), "utf8");
    expect([...preload.matchAll(/require\("([^"]+)"\)/g)].map(([, name]) => name)).toEqual(["electron"]);
    expect(preload.length).toBeLessThan(3000);
  } finally {
    await rm(outDir, { recursive: true });
  }
});

test("Electron's program is looked for, never fetched", () => {
  expect(findElectron("/no/such/folder")).toBeNull();
  expect(findElectron(join(process.execPath, ".."), "win32")).toBeNull();
});
