import { generateKeyPairSync, type KeyObject, sign } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type CloudProcess, startCloudProcess } from "@waystation/cloud-api/test-support/cloud-process";
import { makeFacts } from "@waystation/cloud-api/test-support/make-facts";
import { adminToken } from "@waystation/cloud-api/test-support/test-cloud";
import { type StationReport, tokenText } from "@waystation/shared/wire/cloud-http";
import type { Browser, BrowserContextOptions, Locator, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { browserPath, launchBrowser, type OpenedPage, openPage } from "./open-browser.ts";

/** A real cloud in a process of its own, and the browser that looks at its console. */

export type ReportingStation = {
  readonly report: (report: StationReport) => Promise<void>;
  /** The HTTP status of a report. */
  readonly tryReport: () => Promise<number>;
  /** Sends a fact, then another one under the same number. */
  readonly fork: () => Promise<void>;
};

const asAdmin = { authorization: `Bearer ${adminToken}` };

export async function callCloud<T>(
  address: string,
  body: unknown,
  { method = "POST", headers = asAdmin as Record<string, string> } = {},
): Promise<{ status: number; body: T }> {
  const response = await fetch(address, {
    method,
    headers: { "content-type": "application/json", ...headers },
    body: JSON.stringify(body),
  });
  return { status: response.status, body: (await response.json()) as T };
}

/** Spends a code with a key of its own, as a station does. */
export async function enrolWith(url: string, code: string): Promise<{ stationId: string; key: KeyObject }> {
  const { publicKey, privateKey } = generateKeyPairSync("ed25519");
  const { x } = publicKey.export({ format: "jwk" });
  const request = { code, publicKey: x, appVersion: "1.0.0" };
  const reply = await callCloud<{ stationId: string }>(`${url}/v1/enrolments`, request, { headers: {} });
  expect(reply.status).toBe(200);
  return { stationId: reply.body.stationId, key: privateKey };
}

async function openStation(url: string, stationId: string, key: KeyObject): Promise<ReportingStation> {
  const base = `${url}/v1/stations/${stationId}`;
  const { body: challenge } = await callCloud<{ nonce: string }>(`${base}/challenges`, {}, { headers: {} });
  const { nonce } = challenge;
  const signature = sign(null, Buffer.from(tokenText(stationId, nonce)), key).toString("base64url");
  const { body } = await callCloud<{ token: string }>(
    `${base}/tokens`,
    { nonce, signature },
    { headers: {} },
  );
  const headers = { authorization: `Bearer ${body.token}` };
  const put = (report: StationReport) => callCloud(`${base}/report`, report, { method: "PUT", headers });
  const logId = `log-of-${stationId}`;
  const upload = (facts: ReturnType<typeof makeFacts>) =>
    callCloud(`${base}/facts`, { wireVersion: 1, stationId, logId, facts }, { headers });
  return {
    report: async (report) => expect((await put(report)).status).toBe(200),
    tryReport: async () => (await put(makeReport())).status,
    fork: async () => {
      expect((await upload(makeFacts({ stationId, logId, count: 1 }))).status).toBe(200);
      const other = makeFacts({ stationId, logId, count: 1, change: () => ({ id: "another" }) });
      expect((await upload(other)).status).toBe(409);
    },
  };
}

/** What a station with a printer out of paper says of itself. */
export function makeReport(change: Partial<StationReport> = {}): StationReport {
  return {
    wireVersion: 1,
    appVersion: "1.0.0",
    bootId: "boot-of-the-test",
    clockMs: Date.now(),
    log: { logId: "log-1", recorded: 41, acknowledged: 0 },
    ordersVisible: 318,
    disk: { freeBytes: 1_400_000_000, factsBytes: 62_000_000 },
    lanes: [
      { laneId: "lane-1", status: "running" },
      { laneId: "lane-2", status: "faulted" },
    ],
    devices: [
      { deviceId: "scale-1", kind: "scale", model: "Mettler IND", state: "ready", failureCode: null },
      {
        deviceId: "printer-1",
        kind: "printer",
        model: "ZD421",
        state: "faulted",
        failureCode: "printer.paper-out",
      },
    ],
    ...change,
  };
}

export type ConsoleCloud = {
  readonly url: string;
  readonly prepare: (stationId: string) => Promise<string>;
  readonly enrol: (stationId: string) => Promise<ReportingStation>;
  /** Ends the process, does `meanwhile`, and starts another one at the same address with the same data. */
  readonly restart: (meanwhile: () => Promise<void>) => Promise<void>;
};

/** One cloud and one browser for a file's tests; every page ends with its test. */
export function shareConsole() {
  const started: { browser?: Browser; process?: CloudProcess; folder?: string } = {};
  const cleanups: (() => unknown)[] = [];
  const required = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("there is no browser on this machine");
    return value;
  };
  const start = async (more: Record<string, string> = {}): Promise<CloudProcess> => {
    const process = await startCloudProcess(required(started.folder), {
      WAYSTATION_CLOUD_LOG_LEVEL: "error",
      ...more,
    });
    expect(process.line).toMatchObject({ event: "ready" });
    return process;
  };
  beforeAll(async () => {
    if (browserPath === null) return;
    started.folder = await mkdtemp(join(tmpdir(), "waystation-console-"));
    [started.browser, started.process] = await Promise.all([launchBrowser(browserPath), start()]);
  }, 120_000);
  afterAll(async () => {
    await started.browser?.close();
    await started.process?.end("SIGTERM");
    if (started.folder !== undefined) await rm(started.folder, { recursive: true, force: true });
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  const cloud = (): ConsoleCloud => {
    const { url } = required(started.process);
    const prepare = async (stationId: string): Promise<string> =>
      (await callCloud<{ code: string }>(`${url}/v1/stations`, { stationId })).body.code;
    return {
      url,
      prepare,
      enrol: async (stationId) => {
        const { key } = await enrolWith(url, await prepare(stationId));
        return openStation(url, stationId, key);
      },
      restart: async (meanwhile) => {
        await required(started.process).end("SIGTERM");
        await meanwhile();
        started.process = await start({ WAYSTATION_CLOUD_PORT: new URL(url).port });
      },
    };
  };
  const openAt = async (path: string, options: BrowserContextOptions = {}): Promise<OpenedPage> => {
    const opened = await openPage(required(started.browser), `${cloud().url}/${path}`, options);
    cleanups.push(() => opened.page.context().close());
    return opened;
  };
  /** With the admin token, as the address that the start prints. */
  const openConsole = async (options: BrowserContextOptions = {}): Promise<OpenedPage> => {
    const opened = await openAt(`#token=${adminToken}`, options);
    await opened.page.getByText(/^(Live|实时)$/).waitFor();
    return opened;
  };
  return { cloud, openAt, openConsole };
}

/** As somebody without a mouse: on and on until it is there. */
export async function tabTo(page: Page, target: Locator): Promise<void> {
  await target.waitFor();
  for (let count = 0; count < 80; count += 1) {
    if (await target.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press("Tab");
  }
  throw new Error("the keyboard does not get there");
}
