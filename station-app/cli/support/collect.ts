import {
  closeSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statfsSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { describeCause } from "@waystation/shared/failures/result";
import { findStation, readStatus } from "../ask-station.ts";
import { scrubLine, scrubValue } from "./scrub.ts";
import type { TarEntry } from "./write-tar.ts";

export type BundleInput = {
  /** Data folder of a station, of a cloud, or of `waystation start`, which has both. */
  readonly data: string;
  readonly cloudUrl: string | null;
  readonly metricsToken: string | null;
  /** Reads every fact, which takes a minute per gigabyte. */
  readonly verify: boolean;
};

const logBytes = 256_000;
const replyBytes = 500_000;
const answerWithinMs = 10_000;

/** Everything that goes into a bundle; what cannot be read is named with the reason's code instead. */
export async function collectBundle(input: BundleInput): Promise<readonly TarEntry[]> {
  const parts: readonly [string, () => unknown][] = [
    ["versions.json", readVersions],
    ["disk.json", () => readDisk(input.data)],
    ["station/config.json", () => readConfig(input.data)],
    ["station/status.json", () => readStationStatus(input.data)],
    ["station/facts.json", () => readFacts(input)],
    ["cloud/backups.json", () => readBackups(input.data)],
    ["cloud/ready.json", () => readReady(input)],
  ];
  const entries: TarEntry[] = [];
  for (const [name, read] of parts) entries.push(toEntry(name, await readOr(read)));
  if (input.cloudUrl !== null) entries.push({ name: "cloud/metrics.txt", content: await readMetrics(input) });
  return [...entries, ...readLogs(input.data)];
}

const toEntry = (name: string, value: unknown): TarEntry => ({
  name,
  content: Buffer.from(`${JSON.stringify(scrubValue(value), null, 2)}\n`),
});

async function readOr(read: () => unknown): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    const systemCode = error instanceof Error && "code" in error ? String(error.code) : "failed";
    return { systemCode };
  }
}

const readVersions = () => ({
  version: readPackageVersion(),
  nodeVersion: process.version,
  platform: process.platform,
  arch: process.arch,
  at: new Date().toISOString(),
});

function readPackageVersion(): string {
  const text = readFileSync(join(import.meta.dirname, "../../../package.json"), "utf8");
  return (JSON.parse(text) as { version: string }).version;
}

function readDisk(data: string) {
  const { bavail, blocks, bsize } = statfsSync(data);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize, files: listSizes(data) };
}

/** Sizes of what we keep, two levels deep; a file of somebody else's is not even named. */
function listSizes(data: string): readonly object[] {
  const known =
    /^(station|cloud|logs|database|backup|facts\.db(-wal|-shm)?|orders[\w-]*\.db(-wal|-shm)?|[\w-]+\.log(\.\d)?)$/;
  const list = (folder: string, depth: number): object[] =>
    readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => known.test(name))
      .flatMap((entry): object[] => {
        const path = join(folder, entry.name);
        if (entry.isDirectory()) return depth === 0 ? [] : list(path, depth - 1);
        return [{ fileName: entry.name, bytes: statSync(path).size }];
      });
  return list(data, 2).slice(0, 100);
}

const stationFolder = (data: string): string =>
  existsSync(join(data, "station")) ? join(data, "station") : data;
const cloudFolder = (data: string): string => (existsSync(join(data, "cloud")) ? join(data, "cloud") : data);

const readConfig = (data: string): unknown =>
  JSON.parse(readFileSync(join(stationFolder(data), "engine.json"), "utf8"));

async function readStationStatus(data: string): Promise<unknown> {
  const station = await findStation(data);
  if (!station.ok) return { code: station.failure.code };
  const status = await readStatus(station.value);
  if (!status.ok) return { code: status.failure.code };
  const { view, processes, backlog, decisionMs } = status.value;
  const lanes = view.lanes.map(({ laneId, profile, status: state, parcels, counts }) => ({
    laneId,
    profile,
    state,
    parcels: parcels.length,
    counts,
  }));
  const devices = view.devices.map(({ deviceId, model, state, failure }) => ({
    deviceId,
    model,
    state,
    failureCode: failure?.code ?? null,
  }));
  const link = {
    cloud: view.link.cloud,
    code: view.link.failure?.code ?? null,
    ordersVisible: view.link.ordersVisible,
  };
  return { startedAt: station.value.run.startedAt, lanes, devices, link, processes, backlog, decisionMs };
}

const verifyBytes = 300_000_000;

async function readFacts({ data, verify }: BundleInput): Promise<unknown> {
  const path = join(stationFolder(data), "facts.db");
  const { size } = statSync(path);
  if (size > verifyBytes && !verify) return { bytes: size, verified: false };
  const { verifyFacts } = await import("../../engine/core/verify-log.ts");
  // The reason of a damage quotes a fact; its place is enough.
  const found = verifyFacts(path);
  return { bytes: size, verified: true, ...found };
}

async function readBackups(data: string): Promise<unknown> {
  const { listBackups } = await import("@waystation/cloud-api/db/named-backup");
  const backups = await listBackups(cloudFolder(data), null);
  return { backups: backups.map(({ takenAt, bytes }) => ({ takenAt, bytes })) };
}

async function ask({ cloudUrl, metricsToken }: BundleInput, path: string): Promise<string> {
  const headers = metricsToken === null ? {} : { authorization: `Bearer ${metricsToken}` };
  const response = await fetch(new URL(path, cloudUrl ?? undefined), {
    headers,
    redirect: "error",
    signal: AbortSignal.timeout(answerWithinMs),
  });
  const text = await response.text();
  return text.slice(0, replyBytes);
}

async function readReady(input: BundleInput): Promise<unknown> {
  if (input.cloudUrl === null) return { status: "not-asked" };
  return JSON.parse(await ask(input, "/readyz"));
}

/** Lines of the measurements themselves; anything else that answered there is not for us to pass on. */
async function readMetrics(input: BundleInput): Promise<Buffer> {
  try {
    const lines = (await ask(input, "/metrics")).split("\n");
    return Buffer.from(
      lines
        .filter((line) => /^(waystation|process|nodejs)_\w+(\{[\w="/:., +-]*\})? [\d.eE+-]+$/.test(line))
        .join("\n"),
    );
  } catch (error) {
    return Buffer.from(`not read: ${describeCause(error).match(/E[A-Z]{3,}/)?.[0] ?? "no answer"}\n`);
  }
}

/** The end of each log, line by line. */
function readLogs(data: string): readonly TarEntry[] {
  const folder = join(data, "logs");
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => /^[\w-]{1,60}\.log(\.1)?$/.test(name));
  return names.slice(0, 40).map((name) => {
    const lines = readTail(join(folder, name)).split("\n").filter(Boolean);
    return { name: `logs/${name}`, content: Buffer.from(`${lines.map(scrubLine).join("\n")}\n`) };
  });
}

function readTail(path: string): string {
  const file = openSync(path, "r");
  try {
    const { size } = statSync(path);
    const from = Math.max(0, size - logBytes);
    const bytes = Buffer.alloc(Math.min(size, logBytes));
    const read = readSync(file, bytes, 0, bytes.length, from);
    const text = bytes.subarray(0, read).toString("utf8");
    // The first line may be half a line.
    return from === 0 ? text : text.slice(text.indexOf("\n") + 1);
  } finally {
    closeSync(file);
  }
}
