import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { chownSync, existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import pg from "pg";
import { findTemplate, keepTemplate } from "./database-templates.ts";

export type PostgresServer = { readonly url: string; readonly stop: () => Promise<void> };

/** Why the PostgreSQL half of a suite cannot run here; null when it can. */
export const postgresMissing: string | null =
  findProgram("initdb") !== null && findProgram("postgres") !== null
    ? null
    : "skipped: no PostgreSQL programs (initdb, postgres) on the PATH or below /usr/lib/postgresql";

export type PostgresOptions = {
  /** Syncs as in production, for measurements; without it a test is done much sooner. */
  readonly durable?: boolean;
};

/** Text is compared as most servers do it, by the rules of a language and not by its bytes. */
const ordinaryLocale = ["--locale=C", "--locale-provider=icu", "--icu-locale=en-US"];

/** A throw-away PostgreSQL of its own on a socket in a temporary folder; it refuses to run as root. */
export async function startPostgres({ durable = false }: PostgresOptions = {}): Promise<PostgresServer> {
  const [initdb, postgres] = [findProgram("initdb") ?? "initdb", findProgram("postgres") ?? "postgres"];
  const folder = mkdtempSync(join(tmpdir(), "waystation-pg-"));
  const user = pickUser();
  if (user !== null) chownSync(folder, user.uid, user.gid);
  const run = { ...user, cwd: folder, stdio: "ignore" } as const;
  const data = join(folder, "data");
  const template = findTemplate("postgres");
  // With owner and rights, which the server insists on.
  if (template !== null) execFileSync("cp", ["-a", template, data]);
  else {
    execFileSync(
      initdb,
      ["-D", data, "-A", "trust", "-U", "waystation", "--no-sync", "-E", "UTF8", ...ordinaryLocale],
      run,
    );
    keepTemplate("postgres", (folder) => execFileSync("cp", ["-a", data, folder]));
  }
  const settings = durable ? ["max_wal_size=4GB"] : ["fsync=off"];
  const server = spawn(
    postgres,
    ["-D", data, "-k", folder, ...["listen_addresses=", ...settings].flatMap((setting) => ["-c", setting])],
    run,
  );
  const url = `postgresql://waystation@localhost/postgres?host=${encodeURIComponent(folder)}`;
  const stop = async (): Promise<void> => {
    await endServer(server);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    await waitUntilReady(url);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

async function endServer(server: ChildProcess): Promise<void> {
  if (server.exitCode !== null) return;
  // SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
  server.kill("SIGINT");
  await once(server, "exit");
}

async function waitUntilReady(url: string): Promise<void> {
  const deadline = Date.now() + 30_000;
  for (;;) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      await client.end();
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

function pickUser(): { uid: number; gid: number } | null {
  if (process.getuid?.() !== 0) return null;
  const read = (flag: string): number => Number(execFileSync("id", [flag, "nobody"], { encoding: "utf8" }));
  return { uid: read("-u"), gid: read("-g") };
}

function findProgram(name: string): string | null {
  const paths = (process.env.PATH ?? "").split(delimiter).map((folder) => join(folder, name));
  // Debian keeps the server's programs off the PATH.
  const debian = globSync(`/usr/lib/postgresql/*/bin/${name}`).toSorted().toReversed();
  return [...paths, ...debian].find((path) => existsSync(path)) ?? null;
}
