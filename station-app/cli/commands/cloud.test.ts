import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startCloudProcess } from "@waystation/cloud-api/test-support/cloud-process";
import { afterAll, expect, test, vi } from "vitest";
import { waystation } from "../../test/support/run-waystation.ts";

const root = mkdtempSync(join(tmpdir(), "waystation-cloud-command-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const data = join(root, "cloud");
const kept = join(root, "kept");

test("an administrator at the machine: code, invitation, backup, restore, list", async () => {
  vi.stubEnv("WAYSTATION_CLOUD_ADMIN_TOKEN", "admin-token-of-the-tests");
  vi.stubEnv("DATABASE_URL", "");
  const cloud = await startCloudProcess(data);
  const remote = ["--data", data, "--url", cloud.url];
  const code = await waystation("cloud", "station-code", "belt-1", ...remote, "--json");
  expect(JSON.parse(code.out)).toMatchObject({ stationId: "belt-1", code: expect.any(String) });
  const person = ["--email", "ann@example.com", "--name", "Ann", "--role", "cloud-admin"];
  const invited = await waystation("cloud", "invite", ...person, ...remote);
  expect([invited.code, invited.out]).toEqual([0, expect.stringContaining("Invitation for ann@example.com")]);
  const again = await waystation("cloud", "invite", ...person, ...remote, "--json");
  expect([again.code, JSON.parse(again.out)]).toMatchObject([1, { failure: { code: "email.taken" } }]);
  expect((await waystation("cloud", "invite", ...person.slice(0, 5), "king", ...remote)).code).toBe(2);

  const backup = await waystation("cloud", "backup", "--to", kept, ...remote, "--json");
  const { path } = JSON.parse(backup.out) as { path: string };
  expect(readdirSync(kept)).toHaveLength(1);
  const refused = await waystation("cloud", "restore", "--from", path, "--data", data);
  expect([refused.code, refused.err]).toEqual([1, expect.stringContaining("already used by process")]);
  expect(await cloud.end("SIGTERM")).toBe(0);
  const restored = await waystation("cloud", "restore", "--from", path, "--data", data);
  expect([restored.code, restored.out]).toEqual([0, expect.stringContaining("Start the cloud now")]);
  const stopped = await waystation("cloud", "backup", "--to", kept, "--data", data);
  expect([stopped.code, readdirSync(kept).length]).toEqual([0, 2]);
  const listed = await waystation("cloud", "backups", "--data", data, "--in", kept, "--json");
  expect((JSON.parse(listed.out) as { backups: unknown[] }).backups).toHaveLength(3);
  vi.unstubAllEnvs();
}, 120_000);

test("on PostgreSQL the commands say what to use instead", async () => {
  vi.stubEnv("DATABASE_URL", "postgresql://somebody:hidden-password@db/waystation");
  for (const args of [["backup", "--to", kept], ["restore", "--from", kept], ["backups"]]) {
    const ended = await waystation("cloud", ...args, "--data", join(root, "none"));
    expect([ended.code, ended.err]).toEqual([1, expect.stringContaining("pg_dump")]);
    expect(ended.err).not.toContain("hidden-password");
  }
  vi.unstubAllEnvs();
});

test("without a token it is said which one is missing", async () => {
  vi.stubEnv("WAYSTATION_CLOUD_ADMIN_TOKEN", "");
  const ended = await waystation("cloud", "station-code", "belt-1", "--data", root);
  expect([ended.code, ended.err]).toEqual([
    1,
    expect.stringContaining("WAYSTATION_CLOUD_ADMIN_TOKEN is not set"),
  ]);
  vi.unstubAllEnvs();
});
