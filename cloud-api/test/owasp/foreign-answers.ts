import { createServer, type RequestListener } from "node:http";
import { describe, expect, test } from "vitest";
import { makeTestCloud } from "../../test-support/test-cloud.ts";
import { until } from "../../test-support/serve.ts";
import type { Ground } from "./ground.ts";

const shapeHeaders = {
  "content-type": "application/json",
  "set-cookie": "waystation.session_token=planted",
  "access-control-allow-origin": "*",
  "cache-control": "public, max-age=604800",
  "electric-handle": "h",
  "electric-offset": "0_0",
};

/** Stands where an Electric service would. */
async function withService<T>(listener: RequestListener, visit: (url: string) => Promise<T>): Promise<T> {
  const service = createServer(listener);
  await new Promise<void>((resolve) => service.listen(0, "127.0.0.1", resolve));
  const address = service.address();
  try {
    return await visit(`http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`);
  } finally {
    service.closeAllConnections();
    service.close();
  }
}

export function attackThroughForeignAnswers({ open, world }: Ground): void {
  describe("API10 unsafe consumption of APIs", () => {
    const ask = (electricUrl: string) =>
      makeTestCloud(open().database, { electricUrl }).app.request("/v1/shape?table=orders&offset=-1", {
        headers: world().here.station.headers,
      });

    test("what an Electric service answers is passed on without cookies and foreign headers", async () => {
      const tokens: (string | undefined)[] = [];
      await withService(
        (request, response) => {
          tokens.push(request.headers.authorization);
          response.writeHead(200, shapeHeaders).end("[]");
        },
        async (url) => {
          const reply = await ask(url);
          expect(reply.status).toBe(200);
          for (const name of ["set-cookie", "access-control-allow-origin"])
            expect(reply.headers.get(name), name).toBeNull();
          expect(reply.headers.get("cache-control")).toContain("private");
          expect(await reply.json()).toEqual([]);
        },
      );
      expect(tokens).toEqual([undefined]);
    });

    test("its redirects are not followed", async () => {
      const asked: string[] = [];
      await withService(
        (request, response) => {
          asked.push(request.url ?? "");
          response.writeHead(302, { location: "/v1/inside" }).end();
        },
        async (url) => expect((await ask(url)).status).toBeGreaterThanOrEqual(500),
      );
      expect(asked.filter((url) => url.startsWith("/v1/inside"))).toEqual([]);
      expect(asked).toHaveLength(1);
    });

    test("an answer without end is not gathered, and ends with the one who asked", async () => {
      let sent = 0;
      let isClosed = false;
      const chunk = Buffer.alloc(1_000_000, 0x20);
      await withService(
        (_request, response) => {
          response.writeHead(200, shapeHeaders);
          response.once("close", () => {
            isClosed = true;
          });
          const more = (): void => {
            if (isClosed) return;
            sent += chunk.length;
            if (response.write(chunk)) setImmediate(more);
            else response.once("drain", more);
          };
          more();
        },
        async (url) => {
          const reader = (await ask(url)).body?.getReader();
          await reader?.read();
          await reader?.cancel();
          await until(() => isClosed, "the service is let go");
        },
      );
      expect(sent).toBeLessThan(100_000_000);
    });
  });
}
