import { describe, expect, test } from "vitest";
import { makeStationKey } from "../../test-support/enrol-test-station.ts";
import { openBrowser } from "../../test-support/test-people.ts";
import { asRoot, importAs } from "../../test-support/two-tenants.ts";
import type { Ground } from "./ground.ts";

export function attackBusinessFlows({ open, world }: Ground): void {
  describe("API6 unrestricted access to sensitive business flows", () => {
    test("enrolment codes cannot be sprayed, and a station that enrols in earnest is not slowed down", async () => {
      const cloud = open();
      const { send } = openBrowser(cloud);
      const { publicKey } = makeStationKey();
      const spray = (code: string) => send("POST", "/v1/enrolments", { code, publicKey, appVersion: "1" });
      const statuses: number[] = [];
      for (let index = 0; index < 12; index += 1)
        statuses.push((await spray(`AAAAA-AAAA${index % 10}`)).status);
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 403), 429, 429]);

      const calm = open();
      for (let index = 0; index < 15; index += 1) {
        const browser = openBrowser(calm);
        const input = { stationId: `many-${index}`, hubId: "main" };
        const { code } = (await browser.send("POST", "/v1/stations", input, asRoot())).body as {
          code: string;
        };
        const key = makeStationKey().publicKey;
        const reply = await browser.send("POST", "/v1/enrolments", { code, publicKey: key, appVersion: "1" });
        expect(reply.status).toBe(200);
      }
    });

    test("the same order imported twice is one order", async () => {
      const cloud = open();
      const first = await importAs(cloud, world().acme.headers, 900);
      const second = await importAs(cloud, world().acme.headers, 900);
      expect([first.reply, second.reply]).toMatchObject([{ imported: 1 }, { imported: 0, unchanged: 1 }]);
    });
  });
}
