import type { Server } from "node:http";
import { createAdaptorServer } from "@hono/node-server";
import type { TestCloud } from "./test-cloud.ts";

/** The app behind a real socket on a free port of the loopback. */
export async function serveApp(cloud: TestCloud): Promise<{ url: string; close: () => Promise<void> }> {
  const server = createAdaptorServer({ fetch: cloud.app.fetch }) as Server;
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `http://127.0.0.1:${address.port}`, close };
}

/** Waits for a condition, never for a time. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  what: string,
  deadlineMs = 30_000,
): Promise<void> {
  const end = Date.now() + deadlineMs;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`waited in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
