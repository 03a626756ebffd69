import type { Server } from "node:http";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import type { CloudConfig } from "../config/cloud-config.ts";

/** Takes the port; the value is the one that was taken. Fails with port.in-use or config.invalid. */
export function listen(server: Server, { host, port }: CloudConfig): Promise<Result<number>> {
  return new Promise((resolve) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE")
        return resolve(fail("port.in-use", { port, option: "WAYSTATION_CLOUD_PORT" }));
      resolve(
        fail("config.invalid", { reason: describeRefusal(error.code ?? "unknown error", host, port) }, error),
      );
    });
    server.listen(port, host, () => {
      const address = server.address();
      resolve(succeed(typeof address === "object" && address !== null ? address.port : port));
    });
  });
}

function describeRefusal(code: string, host: string, port: number): string {
  if (code === "EACCES")
    return `WAYSTATION_CLOUD_PORT: this user may not listen on port ${port}: choose one of 1024 or higher`;
  return `WAYSTATION_CLOUD_HOST: this machine cannot listen on ${JSON.stringify(host.slice(0, 100))} (${code}): give one of its own addresses, such as 127.0.0.1 or 0.0.0.0`;
}

/**
 * Takes no new connection, lets running requests end within the grace, cuts off who is left. Resolves when every
 * connection is gone; whether somebody was cut off.
 */
export function closeServer(server: Server, graceMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    let isCut = false;
    const cutOff = setTimeout(() => {
      isCut = true;
      server.closeAllConnections();
    }, graceMs);
    // A kept connection may fall idle after its last answer.
    const idle = setInterval(() => server.closeIdleConnections(), idleCheckMs);
    server.close(() => {
      clearTimeout(cutOff);
      clearInterval(idle);
      resolve(isCut);
    });
    server.closeIdleConnections();
  });
}

const idleCheckMs = 50;
