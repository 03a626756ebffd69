import { fileURLToPath, pathToFileURL } from "node:url";
import { createCloudClient } from "../../cli/start/call-cloud.ts";
import { end, type Launched, launch } from "./launch.ts";

export const adminToken = "admin-token-of-the-faults";
const server = pathToFileURL(fileURLToPath(import.meta.resolve("@waystation/cloud-api/server")));

export type CloudPlan = {
  readonly dataDir: string;
  readonly host?: string;
  readonly databaseUrl?: string;
  readonly within?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
};
export type FaultCloud = Awaited<ReturnType<typeof openCloud>>;

/** The real cloud; after each death it comes back at the same address, with the same data. */
export async function openCloud(resources: AsyncDisposableStack, plan: CloudPlan) {
  const { host = "127.0.0.1" } = plan;
  let port = 0;
  let running: Launched | null = null;

  const start = async (more: Readonly<Record<string, string>> = {}): Promise<string> => {
    const ready = Promise.withResolvers<string>();
    const child = launch(server, [], {
      ...(plan.within === undefined ? {} : { within: plan.within }),
      env: {
        WAYSTATION_CLOUD_HOST: host,
        WAYSTATION_CLOUD_PORT: String(port),
        WAYSTATION_CLOUD_DATA_DIR: plan.dataDir,
        WAYSTATION_CLOUD_ADMIN_TOKEN: adminToken,
        WAYSTATION_CLOUD_LONG_POLL_MS: "1000",
        WAYSTATION_CLOUD_LOG_LEVEL: "warning",
        ...(plan.databaseUrl === undefined ? {} : { DATABASE_URL: plan.databaseUrl }),
        ...plan.env,
        ...more,
      },
      onLine: (line) => {
        if (line.event === "ready") ready.resolve(String(line.url));
        else if (line.event === "failed") ready.reject(new Error(`the cloud: ${JSON.stringify(line)}`));
      },
    });
    running = child;
    void child.ended.then((how) => ready.reject(new Error(`the cloud ended (${how}): ${child.words()}`)));
    const url = await ready.promise;
    port = Number(new URL(url).port);
    return url;
  };
  const kill = async (): Promise<void> => {
    if (running !== null) await end(running);
  };
  resources.defer(kill);
  const url = await start();
  return {
    url,
    port,
    host,
    dataDir: plan.dataDir,
    client: createCloudClient(url, adminToken),
    start,
    kill,
    process: () => {
      if (running === null) throw new Error("the cloud was never started");
      return running;
    },
    stop: async (): Promise<string> => {
      running?.signal("SIGTERM");
      return (await running?.ended) ?? "never started";
    },
  };
}
