import { describe, expect, test } from "vitest";
import { createChallenges } from "../../modules/stations/challenge.ts";
import { makeStationKey, signNonce } from "../../test-support/enrol-test-station.ts";
import {
  computeCode,
  goodPassword,
  joinCloud,
  openBrowser,
  signInAgain,
} from "../../test-support/test-people.ts";
import { asRoot, makeKey } from "../../test-support/two-tenants.ts";
import type { Ground } from "./ground.ts";

export function attackAuthentication({ open, world, ask }: Ground): void {
  describe("API2 broken authentication", () => {
    const knock = (token: string) => ask("GET", "/v1/console/overview", { authorization: `Bearer ${token}` });

    test("tokens that are over, ended, unsigned or of another kind open nothing", async () => {
      const cloud = open();
      const { kysely } = cloud.database;
      const { token, stationId } = await cloud.register("short-1", world().here.place);
      const shape = () =>
        ask("GET", "/v1/shape?table=channels&offset=-1", { authorization: `Bearer ${token}` });
      expect((await shape()).status).toBe(200);
      const past = new Date(Date.now() - 1);
      await kysely
        .updateTable("station_tokens")
        .set({ expires_at: past })
        .where("station_id", "=", stationId)
        .execute();
      expect((await shape()).status).toBe(401);

      const key = await makeKey(cloud, "brief", ["orders:read"]);
      expect((await ask("GET", "/v1/console/orders", key)).status).toBe(200);
      await kysely
        .updateTable("api_keys")
        .set({ expires_at: past })
        .where("customer_id", "=", "brief")
        .execute();
      expect((await ask("GET", "/v1/console/orders", key)).status).toBe(401);
      const revoked = await makeKey(cloud, "brief2", ["orders:read"]);
      const { items } = (await ask("GET", "/v1/customers/brief2/keys", asRoot())).body as {
        items: { keyId: string }[];
      };
      expect((await ask("POST", `/v1/keys/${items[0]?.keyId}/revoke`, asRoot(), {})).status).toBe(200);
      expect((await ask("GET", "/v1/console/orders", revoked)).status).toBe(401);

      const none = `${Buffer.from('{"alg":"none"}').toString("base64url")}.${Buffer.from('{"sub":"root"}').toString("base64url")}.`;
      for (const forged of [none, "", "wst_", "wsk_", "undefined", `${"a".repeat(511)}`, "wsi_x"])
        expect((await knock(forged)).status, forged).toBe(401);
      for (const authorization of [`Basic ${btoa("root:root")}`, "Bearer", `bearer  ${token}`])
        expect((await ask("GET", "/v1/console/overview", { authorization })).status).toBe(401);
    });

    test("another key, another text, an empty signature and a used number buy no token", async () => {
      const cloud = open();
      const { stationId, privateKey } = await cloud.register("signs-1", world().here.place);
      const send = (nonce: string, signature: string) =>
        openBrowser(cloud).send("POST", `/v1/stations/${stationId}/tokens`, { nonce, signature });
      const fresh = () => createChallenges(cloud.deps.config).give(stationId).nonce;
      const good = fresh();
      expect((await send(good, signNonce(makeStationKey().privateKey, stationId, good))).status).toBe(401);
      expect((await send(good, signNonce(privateKey, "signs-2", good))).status).toBe(401);
      expect((await send(good, "A".repeat(86))).status).toBe(401);
      const [random = ""] = good.split(".");
      const own = `${random}.${Date.now() + 60_000}.${"A".repeat(43)}`;
      expect((await send(own, signNonce(privateKey, stationId, own))).status).toBe(401);
      const signature = signNonce(privateKey, stationId, good);
      expect((await send(good, signature)).status).toBe(200);
      expect((await send(good, signature)).status).toBe(401);
    });

    test("guessing is slowed down: passwords, second factors, enrolment codes", async () => {
      const browser = openBrowser(open());
      const { email } = world().supervisor;
      const statuses: number[] = [];
      for (let attempt = 0; attempt < 12; attempt += 1)
        statuses.push(
          (await browser.send("POST", "/v1/auth/sign-in", { email, password: `wrong guess ${attempt}` }))
            .status,
        );
      expect(statuses).toEqual([...Array.from({ length: 10 }, () => 401), 429, 429]);
      const right = await browser.send("POST", "/v1/auth/sign-in", { email, password: goodPassword });
      expect(right.status).toBe(429);
      expect(Number(right.headers.get("retry-after"))).toBeGreaterThan(0);

      const second = openBrowser(open());
      await second.send("POST", "/v1/auth/sign-in", { email, password: goodPassword });
      const codes: number[] = [];
      for (let attempt = 0; attempt < 7; attempt += 1)
        codes.push((await second.send("POST", "/v1/auth/second-factor", { code: `00000${attempt}` })).status);
      expect(codes).not.toContain(200);
      // After five the challenge is gone: even the right code does not help any more.
      const late = await second.send("POST", "/v1/auth/second-factor", {
        code: computeCode(world().supervisor.totpUri, 1),
      });
      expect(late.status).toBe(401);
    });

    test("no session without its second factor, none fixed beforehand, none from the table's own text", async () => {
      const cloud = open();
      const person = await joinCloud(
        cloud,
        "fix@example.com",
        [{ role: "cloud-admin", hubId: null }],
        asRoot(),
      );
      const half = openBrowser(cloud);
      half.jar.set("waystation.session_token", "chosen-by-the-attacker.AAAA");
      await half.send("POST", "/v1/auth/sign-in", { email: person.email, password: goodPassword });
      expect(half.jar.get("waystation.session_token") ?? "").not.toContain("chosen-by-the-attacker");
      expect((await half.send("GET", "/v1/console/overview")).status).toBe(401);

      const before = person.browser.jar.get("waystation.session_token");
      const again = await signInAgain(cloud, person, computeCode(person.totpUri, 1));
      expect(again.jar.get("waystation.session_token")).not.toBe(before);
      const { token } = await cloud.database.kysely
        .selectFrom("people_sessions")
        .select("token")
        .where("person_id", "=", person.personId)
        .executeTakeFirstOrThrow();
      for (const cookie of [token, `${token}.`, `${token}.${"A".repeat(43)}%3D`]) {
        const thief = openBrowser(cloud);
        thief.jar.set("waystation.session_token", cookie);
        expect((await thief.send("GET", "/v1/auth/session")).status).toBe(401);
      }
    });

    test("another site cannot act with a person's cookie", async () => {
      const path = `/v1/orders/${world().here.orderId}/cancel`;
      const { send } = world().supervisor.browser;
      for (const headers of [
        { origin: "https://evil.example" },
        { origin: "null" },
        { origin: "http://evil.example", host: "evil.example" },
        { "sec-fetch-site": "cross-site" },
      ])
        expect((await send("POST", path, {}, headers as unknown as Record<string, string>)).status).toBe(403);
      const signIn = { email: world().supervisor.email, password: goodPassword };
      const planted = await openBrowser(open()).send("POST", "/v1/auth/sign-in", signIn, {
        origin: "https://evil.example",
      });
      expect(planted.status).toBe(403);
    });
  });
}
