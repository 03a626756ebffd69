import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import { adminToken } from "./test-cloud.ts";

const lineSchema = z.union([
  z.object({ event: z.literal("ready"), url: z.string(), port: z.int() }),
  z.object({
    event: z.literal("failed"),
    failure: z.object({ code: z.string(), details: z.record(z.string(), z.unknown()) }),
  }),
]);

export type CloudProcess = {
  readonly line: z.infer<typeof lineSchema>;
  readonly url: string;
  readonly pid: number;
  /** Exit code; null when a signal ended it. */
  readonly exited: Promise<number | null>;
  readonly end: (signal: "SIGTERM" | "SIGKILL") => Promise<number | null>;
};

/** Compiling it anew costs a start half a second of a core. */
const cacheFolder = process.env.NODE_COMPILE_CACHE;
const compileCache = cacheFolder === undefined ? {} : { NODE_COMPILE_CACHE: cacheFolder };

const server = fileURLToPath(new URL("../server.ts", import.meta.url));

/** The real server in a process of its own. The environment holds what it needs and nothing of ours. */
export async function startCloudProcess(
  dataDir: string,
  more: Record<string, string> = {},
): Promise<CloudProcess> {
  const environment = {
    WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
    WAYSTATION_CLOUD_DATA_DIR: dataDir,
    WAYSTATION_CLOUD_PORT: "0",
    WAYSTATION_CLOUD_LOG_LEVEL: "warning",
    ...compileCache,
    ...more,
  };
  const child: ChildProcess = spawn(process.execPath, [server], {
    env: environment,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit").then(([code]) => (typeof code === "number" ? code : null));
  if (child.stdout === null) throw new Error("no output");
  const lines = createInterface({ input: child.stdout });
  const [first] = await Promise.race([once(lines, "line"), exited.then(() => ["{}"])]);
  const line = lineSchema.parse(JSON.parse(first));
  const end = (signal: "SIGTERM" | "SIGKILL"): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return { line, url: line.event === "ready" ? line.url : "", pid: child.pid ?? 0, exited, end };
}
