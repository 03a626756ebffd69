import { createServer } from "node:net";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";

/**
 * Looks before anything is started, so that the sentence comes at once. Port 0 (the system chooses) is always free.
 * Failure port.in-use, naming the option that chooses another.
 */
export function checkPortFree(port: number, option: string): Promise<Result<null>> {
  if (port === 0) return Promise.resolve(succeed(null));
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", (error) => resolve(fail("port.in-use", { port, option }, error)));
    server.listen({ host: "127.0.0.1", port, exclusive: true }, () =>
      server.close(() => resolve(succeed(null))),
    );
  });
}
