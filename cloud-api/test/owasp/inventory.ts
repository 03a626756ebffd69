import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { wireVersion } from "@waystation/shared/wire/cloud-http";
import { makeFacts } from "../../test-support/make-facts.ts";
import type { Ground } from "./ground.ts";

const document = fileURLToPath(new URL("../../http/openapi.ts", import.meta.url));

export function attackInventory({ open, world, ask }: Ground): void {
  describe("API9 improper inventory management", () => {
    test.skipIf(!existsSync(document))(
      "every door is described, and nothing is described that is not there",
      async () => {
        const { listed, described } = await describeInventory();
        expect(described).toEqual(listed);
      },
    );

    async function describeInventory() {
      const { routes } = open().app;
      const listed = [
        ...new Set(
          routes.filter(({ method }) => method !== "ALL").map(({ method, path }) => `${method} ${path}`),
        ),
      ];
      const { describeApi } = (await import(document)) as { describeApi: () => unknown };
      const { paths } = describeApi() as { paths: Record<string, Record<string, unknown>> };
      const described = Object.entries(paths).flatMap(([path, methods]) =>
        Object.keys(methods).map(
          (method) => `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
        ),
      );
      const isApi = (route: string): boolean => / \/v1\//.test(route);
      return { listed: listed.filter(isApi).toSorted(), described: described.filter(isApi).toSorted() };
    }

    test("an old version of the wire is accepted as long as it is listed, and none besides", async () => {
      const { stationId, headers } = world().here.station;
      const facts = makeFacts({ stationId, logId: "old", count: 1 });
      const send = (version: number) =>
        ask("POST", `/v1/stations/${stationId}/facts`, headers, {
          wireVersion: version,
          stationId,
          logId: "old",
          facts,
        });
      expect((await send(1)).status).toBe(200);
      for (const version of [0, -1, wireVersion + 1])
        expect((await send(version)).body).toMatchObject({ failure: { code: "request.wire-version" } });
    });
  });
}
