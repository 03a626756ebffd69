import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readFileSync, readlinkSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { startPostgres } from "@waystation/cloud-api/test-support/postgres-server";
import pg from "pg";
import { waitUntil } from "../durability/child-process.ts";

/**
 * A PostgreSQL that is killed and started again on the same files. It syncs nothing: a killed process loses no page,
 * only a power cut does, and that is PostgreSQL's own promise.
 */
export async function openPostgres(resources: AsyncDisposableStack) {
  const { url } = await startPostgres();
  const folder = new URL(url).searchParams.get("host") ?? "";
  const data = join(folder, "data");
  const readPid = (): number => Number(readFileSync(join(data, "postmaster.pid"), "utf8").split("\n")[0]);
  let pid = readPid();
  const program = readlinkSync(`/proc/${pid}/exe`);
  const [, ...args] = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").slice(0, -1);
  const { uid, gid } = statSync(data);
  let again: ChildProcess | null = null;

  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const family = [pid, ...listBackends(pid).map((backend) => backend.pid)];
    kill(pid, signal);
    // They end by themselves when the postmaster is gone; until then its shared memory is in use.
    await waitUntil(() => family.every((member) => !isAlive(member)), "PostgreSQL to be gone");
  };
  const killAll = (): Promise<void> => end("SIGKILL");
  resources.defer(async () => {
    // In order: what is killed leaves its shared memory to a server that will never start again.
    await end("SIGINT");
    rmSync(folder, { recursive: true, force: true });
  });
  return {
    url,
    killAll,
    /** One server process in the middle of what it does for a client; all connections are lost with it. */
    killBackend: (): string => {
      const backends = listBackends(pid).filter(({ title }) => title.includes(" waystation "));
      const busy = backends.find(({ title }) => !/ idle$/.test(title)) ?? backends[0];
      if (busy === undefined) return "nobody";
      kill(busy.pid, "SIGKILL");
      return busy.title.replace(/^.* (?=\S+( \S+)?$)/, "");
    },
    start: async (): Promise<void> => {
      again = spawn(program, args, { cwd: folder, uid, gid, stdio: "ignore" });
      await once(again, "spawn");
      await waitUntil(() => answers(url), "PostgreSQL to answer");
      pid = readPid();
    },
    query: async (sql: string): Promise<Record<string, unknown>[]> => {
      const client = new pg.Client({ connectionString: url });
      await client.connect();
      try {
        return (await client.query<Record<string, unknown>>(sql)).rows;
      } finally {
        await client.end();
      }
    },
  };
}

function listBackends(postmaster: number): { readonly pid: number; readonly title: string }[] {
  const path = `/proc/${postmaster}/task/${postmaster}/children`;
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split(" ")
    .filter((part) => part.trim() !== "")
    .map((part) => ({ pid: Number(part), title: readTitle(Number(part)) }));
}

function readTitle(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ").trim();
  } catch {
    return "";
  }
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {}
}

/** A zombie has ended; its parent has only not looked yet. */
function isAlive(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

async function answers(url: string): Promise<boolean> {
  const client = new pg.Client({ connectionString: url });
  client.on("error", () => undefined);
  try {
    await client.connect();
    await client.end();
    return true;
  } catch {
    return false;
  }
}
