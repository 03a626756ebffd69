import { chmodSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Failure } from "@waystation/shared/failures/result";
import { describeFailure } from "@waystation/shared/failures/catalog";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { waitUntil } from "../../test/durability/child-process.ts";
import { type CloudAccess, createCloudAccess, fetchToken } from "./cloud-access.ts";
import { enrol } from "./enrol.ts";
import { startReports } from "./report.ts";
import { type ScriptedCloud, startScriptedCloud } from "./scripted-cloud.test-support.ts";
import { fingerprintOf, keyFileName, openKeyFile } from "./station-key.ts";

let cloud: ScriptedCloud;
let folder: string;
let access: CloudAccess | null;

beforeEach(async () => {
  cloud = await startScriptedCloud();
  cloud.state.code = "ABCDE-FGHJK";
  folder = mkdtempSync(join(tmpdir(), "waystation-key-"));
  access = null;
});
afterEach(async () => {
  vi.useRealTimers();
  access?.stop();
  await cloud.stop();
  rmSync(folder, { recursive: true, force: true });
});

const keys = () => openKeyFile(join(folder, keyFileName));
const enrolNow = (options: Partial<Parameters<typeof enrol>[0]> = {}) =>
  enrol({
    cloudUrl: `${cloud.url}/`,
    code: " ABCDE-FGHJK ",
    keys: keys(),
    appVersion: "0.1.0",
    replace: false,
    stationInFolder: null,
    ...options,
  });
const target = () => ({ url: cloud.url, stationId: "station-1" });
const everythingOnDisk = (): string =>
  readdirSync(folder, { recursive: true })
    .map((name) => readFileSync(join(folder, String(name)), "utf8"))
    .join("\n");

test("a code and a key make the station known; only the owner can read the key, which was never sent", async () => {
  expect(await enrolNow()).toEqual({
    ok: true,
    value: {
      stationId: "station-1",
      name: "Station 1",
      tenantId: "default",
      hubId: "main",
      cloudUrl: cloud.url,
    },
  });
  expect(statSync(join(folder, keyFileName)).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual([keyFileName]);
  const saved = await keys().load();
  const { privateKey = "", publicKey = "" } = (saved.ok && saved.value?.enrolled) || {};
  expect(cloud.seen.some(({ body }) => body.includes(privateKey))).toBe(false);
  expect(fingerprintOf(publicKey)).toMatch(/^[0-9a-f]{4}(-[0-9a-f]{4}){3}$/);
  expect(await fetchToken(target(), keys())).toMatchObject({ ok: true, value: { expiresInSeconds: 900 } });
});

test("the key is on the disk before its code is spent, so a lost reply is asked for again", async () => {
  cloud.state.loseEnrolmentReply = true;
  expect(await enrolNow()).toMatchObject({ ok: false, failure: { code: "cloud.unreachable" } });
  const saved = await keys().load();
  expect(saved.ok && saved.value?.pending?.publicKey).toBe(cloud.state.usedBy);
  expect(await enrolNow()).toMatchObject({ ok: true });
  expect(await fetchToken(target(), keys())).toMatchObject({ ok: true });
});

test("an enrolled folder is not enrolled again without being told, and stays what it was until the cloud agrees", async () => {
  await enrolNow();
  expect(await enrolNow()).toMatchObject({ ok: false, failure: { code: "station.already-enrolled" } });
  const refusal = await enrolNow({ replace: true, code: "WRONG-CODE-X" });
  expect(refusal).toMatchObject({ ok: false, failure: { code: "enrolment.refused" } });
  expect(await fetchToken(target(), keys())).toMatchObject({ ok: true });
  cloud.state.usedBy = null;
  expect(await enrolNow({ replace: true })).toMatchObject({ ok: true });
  expect(await fetchToken(target(), keys())).toMatchObject({ ok: true });
});

test("a code for another station than the one whose facts lie in the folder changes nothing", async () => {
  const done = await enrolNow({ stationInFolder: "station-9" });
  expect(done).toMatchObject({ ok: false, failure: { code: "station.other-folder" } });
  expect(await fetchToken(target(), keys())).toMatchObject({
    ok: false,
    failure: { code: "station.not-enrolled" },
  });
});

test.each([
  ["not JSON", (path: string) => writeFileSync(path, '{"privateKey":"sec', { mode: 0o600 })],
  ["of another version", (path: string) => writeFileSync(path, '{"version":2}', { mode: 0o600 })],
])("a key file that is %s is refused with a sentence that quotes nothing of it", async (_name, write) => {
  write(join(folder, keyFileName));
  const loaded = await keys().load();
  expect(loaded).toMatchObject({ ok: false, failure: { code: "station.key-unusable" } });
  expect(JSON.stringify(loaded)).not.toContain("sec");
});

test("a key that others can read is not used", async () => {
  await enrolNow();
  chmodSync(join(folder, keyFileName), 0o640);
  expect(await fetchToken(target(), keys())).toMatchObject({
    ok: false,
    failure: { code: "station.key-unusable", details: { reason: expect.stringContaining("others") } },
  });
});

test("a key of another station than the configuration's is a mistake of the configuration", async () => {
  await enrolNow();
  const found = await fetchToken({ url: cloud.url, stationId: "station-2" }, keys());
  expect(found).toMatchObject({ ok: false, failure: { code: "config.invalid" } });
});

type Told = { tokens: string[]; failures: Failure[] };
function openAccess(): Told {
  const told: Told = { tokens: [], failures: [] };
  access = createCloudAccess({
    ...target(),
    keys: keys(),
    onToken: ({ token }) => told.tokens.push(token),
    onFailure: (failure) => told.failures.push(failure),
    retry: { firstMs: 10, longestMs: 40, refusedMs: 30 },
  });
  return told;
}

test("tokens are renewed before they end, one request at a time, and never on the disk", async () => {
  await enrolNow();
  cloud.state.tokenSeconds = 1;
  const { tokens } = openAccess();
  await waitUntil(() => tokens.length === 3, "three tokens");
  expect(await access?.token()).toEqual({ ok: true, value: tokens[2] });
  for (const token of tokens) expect(everythingOnDisk()).not.toContain(token);
  expect(cloud.state.mostAtOnce).toBe(1);
});

test("a clock that is decades off changes nothing but the offset shown", async () => {
  vi.useFakeTimers({ toFake: ["Date"], now: Date.UTC(1999, 0, 1) });
  cloud.state.clockMs = () => Date.UTC(2026, 0, 1);
  await enrolNow();
  cloud.state.tokenSeconds = 1;
  const { tokens } = openAccess();
  await waitUntil(() => tokens.length === 2, "two tokens");
  vi.setSystemTime(Date.UTC(2044, 0, 1));
  await waitUntil(() => tokens.length === 4, "two more");
  const fresh = await fetchToken(target(), keys());
  const offsetMs = fresh.ok ? fresh.value.clockOffsetMs : 0;
  expect(Math.abs(offsetMs - (Date.UTC(2044, 0, 1) - Date.UTC(2026, 0, 1)))).toBeLessThan(2000);
});

test("a revoked station is told what to do, keeps trying slowly, and works again when it is restored", async () => {
  await enrolNow();
  const { publicKey } = cloud.state;
  cloud.state.publicKey = null;
  const { failures, tokens } = openAccess();
  await waitUntil(() => failures.length >= 2, "two tries");
  expect(failures[0]).toMatchObject({ code: "station.refused", details: { stationId: "station-1" } });
  expect(failures.map((failure) => describeFailure(failure))[0]).toContain("ask an administrator");
  expect(await access?.token()).toMatchObject({ ok: false, failure: { code: "station.refused" } });
  cloud.state.publicKey = publicKey;
  await waitUntil(() => tokens.length === 1, "a token");
});

test("a cloud that gives tokens and refuses each is not asked in a loop", async () => {
  await enrolNow();
  const { tokens } = openAccess();
  const refuseEach = setInterval(() => access?.refuse(tokens.at(-1) ?? ""), 1);
  await waitUntil(() => tokens.length >= 6, "six tokens");
  clearInterval(refuseEach);
  const times = cloud.seen.filter(({ path }) => path.endsWith("/tokens")).map(({ atMs }) => atMs);
  // Waits of 5 to 10, 10 to 20, and then 20 to 40 milliseconds.
  expect((times[5] ?? 0) - (times[0] ?? 0)).toBeGreaterThan(5 + 10 + 20 * 3);
});

test("a key that comes while it runs is used without a new start", async () => {
  const { failures, tokens } = openAccess();
  await waitUntil(() => failures.length > 0, "the missing key");
  expect(failures[0]?.code).toBe("station.not-enrolled");
  await enrolNow();
  await waitUntil(() => tokens.length === 1, "a token");
});

test("reports go at their time and soon after changes, which are gathered; the reply gives the offset", async () => {
  await enrolNow();
  openAccess();
  cloud.state.clockMs = () => Date.now() - 180_000;
  const offsets: number[] = [];
  const reports = startReports({
    ...target(),
    access: access ?? expect.fail(),
    compose: async () => ({
      wireVersion: 2,
      appVersion: "0.1.0",
      bootId: "boot",
      log: { logId: "log", recorded: 5, acknowledged: 4 },
      ordersVisible: 3,
      disk: null,
      lanes: [],
      devices: [],
    }),
    onReply: ({ clockOffsetMs }) => offsets.push(clockOffsetMs),
    times: { everyMs: 400, settleMs: 30 },
  });
  for (let change = 0; change < 20; change += 1) reports.changed();
  await waitUntil(() => offsets.length === 1, "the report of the changes");
  const sent = cloud.seen.filter(({ path }) => path.endsWith("/report"));
  expect(sent).toHaveLength(1);
  await waitUntil(() => offsets.length === 3, "two reports at their time");
  reports.stop();
  const [first, second] = cloud.seen.filter(({ path }) => path.endsWith("/report"));
  expect((second?.atMs ?? 0) - (first?.atMs ?? 0)).toBeGreaterThan(200);
  for (const offset of offsets) expect(Math.abs(offset - 180_000)).toBeLessThan(1000);
});
