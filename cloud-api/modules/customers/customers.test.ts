import { expect, test } from "vitest";
import { asAdmin, describeOnEachDatabase, type TestCloud } from "../../test-support/test-cloud.ts";
import { openBrowser } from "../../test-support/test-people.ts";

const ask = (
  cloud: TestCloud,
  method: string,
  path: string,
  headers: Record<string, string>,
  body?: unknown,
) => openBrowser(cloud).send(method, path, body, headers);

const bearer = (key: string) => ({ authorization: `Bearer ${key}` });

async function makeKey(cloud: TestCloud, customerId: string, input: unknown) {
  await ask(cloud, "POST", "/v1/customers", asAdmin, { customerId, name: "A customer" });
  const answer = await ask(cloud, "POST", `/v1/customers/${customerId}/keys`, asAdmin, input);
  expect(answer.status).toBe(201);
  return answer.body as { keyId: string; key: string; expiresAt: string | null };
}

describeOnEachDatabase("customers", (open) => {
  test("a key is shown once, opens what its scopes say, and ends when revoked", async () => {
    const cloud = open();
    const { key, keyId, expiresAt } = await makeKey(cloud, "acme", {
      name: "shop",
      scopes: ["orders:read"],
      expiresInDays: 1,
    });
    expect(key).toMatch(/^wsk_[\w-]{43}$/);
    expect(Date.parse(expiresAt ?? "") - Date.now()).toBeLessThanOrEqual(86_400_000);
    expect((await ask(cloud, "GET", "/v1/console/orders", bearer(key))).status).toBe(200);
    expect((await ask(cloud, "GET", "/v1/console/parcels", bearer(key))).status).toBe(403);
    expect((await ask(cloud, "POST", "/v1/orders/import?format=json", bearer(key), [])).status).toBe(403);
    const listed = await ask(cloud, "GET", "/v1/customers/acme/keys", asAdmin);
    expect(listed.body).toMatchObject({
      items: [{ keyId, name: "shop", scopes: ["orders:read"], revokedAt: null }],
    });
    expect(JSON.stringify(listed.body)).not.toContain(key);
    expect((await ask(cloud, "POST", `/v1/keys/${keyId}/revoke`, asAdmin)).status).toBe(200);
    expect((await ask(cloud, "GET", "/v1/console/orders", bearer(key))).status).toBe(401);
  });

  test("the last use is noted at most once a minute", async () => {
    const cloud = open();
    const { key, keyId } = await makeKey(cloud, "often", { name: "shop", scopes: ["orders:read"] });
    const { kysely } = cloud.database;
    const read = async () => {
      await ask(cloud, "GET", "/v1/console/orders", bearer(key));
      const row = await kysely
        .selectFrom("api_keys")
        .select("last_used_at")
        .where("key_id", "=", keyId)
        .executeTakeFirstOrThrow();
      return row.last_used_at?.getTime() ?? 0;
    };
    const first = await read();
    expect(Date.now() - first).toBeLessThan(60_000);
    expect(await read()).toBe(first);
    const longAgo = new Date(Date.now() - 61_000);
    await kysely.updateTable("api_keys").set({ last_used_at: longAgo }).where("key_id", "=", keyId).execute();
    expect(await read()).toBeGreaterThan(longAgo.getTime());
  });

  test("a customer has a bounded number of keys, and its id belongs to it alone", async () => {
    const cloud = open();
    await makeKey(cloud, "many", { name: "k", scopes: ["orders:read"] });
    const again = await ask(cloud, "POST", "/v1/customers", asAdmin, { customerId: "many", name: "Another" });
    expect([again.status, again.body]).toEqual([
      409,
      { failure: { code: "name.taken", details: { name: "many" } } },
    ]);
    const add = () =>
      ask(cloud, "POST", "/v1/customers/many/keys", asAdmin, { name: "k", scopes: ["orders:read"] });
    const statuses = new Set<number>();
    for (let index = 0; index < 49; index += 1) statuses.add((await add()).status);
    expect([...statuses]).toEqual([201]);
    expect((await add()).status).toBe(400);
    expect(
      (await ask(cloud, "POST", "/v1/customers/nobody/keys", asAdmin, { name: "k", scopes: ["orders:read"] }))
        .status,
    ).toBe(404);
  });
});
