import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { readCloudConfig } from "./read-cloud-config.ts";

const folder = mkdtempSync(join(tmpdir(), "waystation-config-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const token = "a-long-enough-admin-token";
const enough = { WAYSTATION_CLOUD_ADMIN_TOKEN: token, PATH: "/bin", HOME: "/root" };
const postgres = "postgresql://user:pass-word@db:5432/waystation";

describe("a mistake is one sentence that names the variable, what is wrong and what to do", () => {
  test.each([
    [{ WAYSTATION_CLOUD_ADMIN_TOKEN: "" }, "WAYSTATION_CLOUD_ADMIN_TOKEN is not set: give a secret of 16"],
    [
      { WAYSTATION_CLOUD_ADMIN_TOKEN: "short" },
      "WAYSTATION_CLOUD_ADMIN_TOKEN has a value that cannot be used",
    ],
    [{ WAYSTATION_CLOUD_PORT: "eighty" }, 'WAYSTATION_CLOUD_PORT cannot be "eighty": give a whole number'],
    [{ WAYSTATION_CLOUD_PORT: "70000" }, 'WAYSTATION_CLOUD_PORT cannot be "70000"'],
    [{ WAYSTATION_CLOUD_PORT: "0x10" }, 'WAYSTATION_CLOUD_PORT cannot be "0x10"'],
    [{ WAYSTATION_CLOUD_PORT: "-1" }, 'WAYSTATION_CLOUD_PORT cannot be "-1"'],
    [
      { WAYSTATION_CLOUD_PROT: "80" },
      "WAYSTATION_CLOUD_PROT is not a setting: did you mean WAYSTATION_CLOUD_PORT",
    ],
    [{ WAYSTATION_CLOUD_RETENTION_DAYS: "ever" }, "WAYSTATION_CLOUD_RETENTION_DAYS cannot be"],
    [{ WAYSTATION_CLOUD_LOG_LEVEL: "loud" }, 'WAYSTATION_CLOUD_LOG_LEVEL cannot be "loud": give debug, info'],
    [{ WAYSTATION_CLOUD_BACKUP_INTERVAL_MS: "1" }, "WAYSTATION_CLOUD_BACKUP_INTERVAL_MS cannot be"],
    [{ WAYSTATION_CLOUD_PUBLIC_URL: "ftp://x" }, "WAYSTATION_CLOUD_PUBLIC_URL cannot be"],
    [
      { DATABASE_URL: "mysql://u:hidden-password@h/d" },
      "DATABASE_URL has a value that cannot be used: give an address",
    ],
    [{ DATABASE_URL: postgres, ELECTRIC_URL: "electric:3000" }, 'ELECTRIC_URL cannot be "electric:3000"'],
    [{ ELECTRIC_URL: "http://electric:3000" }, "ELECTRIC_URL is set without DATABASE_URL"],
    [{ ELECTRIC_SECRET: "short" }, "ELECTRIC_SECRET has a value that cannot be used"],
    [{ DATABASE_URL_FILE: "/nowhere/at/all" }, "DATABASE_URL_FILE: /nowhere/at/all cannot be read (ENOENT)"],
    [
      { WAYSTATION_CLOUD_ADMIN_TOKEN_FILE: "/x" },
      "WAYSTATION_CLOUD_ADMIN_TOKEN and WAYSTATION_CLOUD_ADMIN_TOKEN_FILE are both set",
    ],
  ])("%o", (change, sentence) => {
    const config = readCloudConfig({ ...enough, ...change });
    if (config.ok) throw new Error("was taken");
    expect(config.failure.code).toBe("config.invalid");
    const text = describeFailure(config.failure);
    expect(text).toContain(sentence);
    expect(text.split("\n")).toHaveLength(1);
    expect(text).not.toMatch(/hidden-password|pass-word/);
  });
});

test("secrets may lie in files, and an untouched environment is fine", () => {
  const path = join(folder, "admin");
  writeFileSync(path, `${token}\n`);
  const config = readCloudConfig({ WAYSTATION_CLOUD_ADMIN_TOKEN_FILE: path, DATABASE_URL: postgres });
  if (!config.ok) throw new Error(describeFailure(config.failure));
  expect(config.value.adminToken.reveal()).toBe(token);
  expect(config.value).toMatchObject({ port: 8787, retentionDays: 180, logLevel: "info" });
  expect(JSON.stringify(config.value)).not.toContain(token);
});
