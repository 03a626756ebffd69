import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openStore } from "../../engine/core/store.ts";
import { type ScriptedCloud, startScriptedCloud } from "../../engine/edge/scripted-cloud.test-support.ts";
import { waystation } from "../../test/support/run-waystation.ts";

let cloud: ScriptedCloud;
let folder: string;
beforeEach(async () => {
  cloud = await startScriptedCloud();
  cloud.state.code = "ABCDE-FGHJK";
  folder = mkdtempSync(join(tmpdir(), "waystation-station-"));
});
afterEach(async () => {
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

const enrol = (...more: string[]) =>
  waystation("station", "enrol", "--cloud", cloud.url, "--code", "ABCDE-FGHJK", "--data", folder, ...more);
const status = (...more: string[]) => waystation("station", "status", "--data", folder, ...more);

test("enrol, then status: what it is, that its key works, how far the clocks are apart; no private key in sight", async () => {
  const { code, out } = await enrol("--json");
  expect({ code, shown: JSON.parse(out) }).toMatchObject({
    code: 0,
    shown: { stationId: "station-1", tenantId: "default", hubId: "main", cloudUrl: cloud.url },
  });
  cloud.state.clockMs = () => Date.now() - 300_000;
  const seen = await status();
  expect(seen).toMatchObject({ code: 0, err: "" });
  expect(seen.out).toMatch(
    /Token +works\nClock +\d+(\.\d+)? s ahead of the cloud's: set this machine's clock/,
  );
  const machine = await status("--json");
  expect(JSON.parse(machine.out)).toMatchObject({ accepted: true, fingerprint: JSON.parse(out).fingerprint });
  const { enrolled } = JSON.parse(readFileSync(join(folder, "station-key.json"), "utf8"));
  expect(out + seen.out + machine.out).not.toContain(enrolled.privateKey);
});

test("each mistake is one sentence", async () => {
  expect(await status()).toMatchObject({ code: 1, err: expect.stringContaining("is not enrolled") });
  const wrongUrl = await waystation("station", "enrol", "--cloud", "cloud", "--code", "ABCDE-FGHJK");
  expect(wrongUrl).toMatchObject({ code: 2, err: expect.stringContaining("is not an address") });
  cloud.state.code = "other";
  expect(await enrol()).toMatchObject({
    code: 1,
    err: expect.stringContaining("unknown, used up or expired"),
  });
  cloud.state.code = "ABCDE-FGHJK";
  await enrol();
  expect(await enrol()).toMatchObject({ code: 1, err: expect.stringContaining("--replace") });
  expect(await enrol("--replace")).toMatchObject({ code: 1, err: expect.stringContaining("used up") });
  cloud.state.publicKey = null;
  expect(await status()).toMatchObject({
    code: 1,
    out: expect.stringContaining("no longer accepts station"),
  });
});

test("a folder with another station's facts is refused by its name, a cloud that is away in a sentence", async () => {
  openStore(join(folder, "facts.db"), "station-9").close();
  expect(await enrol()).toMatchObject({
    code: 1,
    err: expect.stringContaining("facts of station station-9"),
  });
  await cloud.stop();
  expect(await enrol()).toMatchObject({ code: 1, err: expect.stringContaining("cannot be reached") });
});
