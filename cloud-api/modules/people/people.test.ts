import { expect, test, vi } from "vitest";
import {
  acceptInvitation,
  computeCode,
  goodPassword,
  invite,
  joinCloud,
  openBrowser,
  signInAgain,
} from "../../test-support/test-people.ts";
import { asAdmin, describeOnEachDatabase, makeTestCloud } from "../../test-support/test-cloud.ts";
import { isPassword } from "./password.ts";

// Each test is dozens of requests, on a busy machine slow ones.
vi.setConfig({ testTimeout: 120_000 });

const everywhere = [{ role: "cloud-admin" as const, hubId: null }];
const sessionOf = "/v1/auth/session";

describeOnEachDatabase("people", (open) => {
  test("an invited person sets a password and a second factor, and has permissions only then", async () => {
    const cloud = open();
    const { code } = await invite(cloud, "Ann@Example.com", everywhere);
    const browser = openBrowser(cloud);
    const weak = await browser.send("POST", "/v1/auth/invitations", { code, password: "password1234" });
    expect([weak.status, weak.body]).toMatchObject([422, { failure: { code: "password.weak" } }]);
    expect(
      (await browser.send("POST", "/v1/auth/invitations", { code, password: goodPassword })).status,
    ).toBe(200);
    const again = await browser.send("POST", "/v1/auth/invitations", { code, password: goodPassword });
    expect([again.status, again.body]).toMatchObject([403, { failure: { code: "invitation.refused" } }]);

    const first = await browser.send("POST", "/v1/auth/sign-in", {
      email: "ann@example.com",
      password: goodPassword,
    });
    expect([first.status, first.body]).toEqual([200, { next: "set-up-second-factor" }]);
    expect((await browser.send("GET", sessionOf)).body).toMatchObject({
      secondFactor: false,
      roles: [],
      permissions: [],
    });
    const early = await browser.send("GET", "/v1/console/overview");
    expect([early.status, early.body]).toMatchObject([403, { failure: { code: "access.second-factor" } }]);

    const setUp = await browser.send("POST", "/v1/auth/second-factor/set-up", { password: goodPassword });
    const { totpUri } = setUp.body as { totpUri: string };
    expect((await browser.send("POST", "/v1/auth/second-factor", { code: "000000" })).status).toBe(401);
    const passed = await browser.send("POST", "/v1/auth/second-factor", { code: computeCode(totpUri) });
    expect([passed.status, passed.body]).toEqual([200, { signedIn: true }]);
    expect((await browser.send("GET", sessionOf)).body).toMatchObject({
      secondFactor: true,
      roles: everywhere,
    });
    expect((await browser.send("GET", "/v1/console/overview")).status).toBe(200);
  });

  test("cookies are for the browser alone, and replies and tables hold no password", async () => {
    const cloud = open();
    const { browser, personId } = await joinCloud(cloud, "bo@example.com", everywhere);
    const signedIn = await openBrowser(cloud).send("POST", "/v1/auth/sign-in", {
      email: "bo@example.com",
      password: goodPassword,
    });
    for (const cookie of signedIn.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0")))
      expect(cookie).toMatch(/HttpOnly.*SameSite=Strict/i);
    expect(JSON.stringify(signedIn.body)).toBe('{"next":"second-factor"}');
    const account = await cloud.database.kysely
      .selectFrom("people_accounts")
      .select("password")
      .where("person_id", "=", personId)
      .executeTakeFirstOrThrow();
    expect(account.password).toMatch(/^scrypt1-4\$/);
    expect(await isPassword(account.password ?? "", goodPassword, 4)).toBe(true);
    expect(await isPassword(account.password ?? "", "another password entirely", 4)).toBe(false);
    expect([...browser.jar.keys()]).toContain("waystation.session_token");
  });

  test("a code of the second factor works once, a backup code works once", async () => {
    const cloud = open();
    const person = await joinCloud(cloud, "cy@example.com", everywhere);
    const replayed = await signInAgain(cloud, person, computeCode(person.totpUri));
    expect((await replayed.send("GET", sessionOf)).status).toBe(401);
    const next = await signInAgain(cloud, person, computeCode(person.totpUri, 1));
    expect((await next.send("GET", sessionOf)).status).toBe(200);

    const [backupCode = ""] = person.backupCodes;
    const attempt = async () => {
      const browser = openBrowser(cloud);
      await browser.send("POST", "/v1/auth/sign-in", { email: "cy@example.com", password: goodPassword });
      return (await browser.send("POST", "/v1/auth/second-factor", { backupCode })).status;
    };
    expect(await attempt()).toBe(200);
    expect(await attempt()).toBe(401);
  });

  test("a session from before the second factor was set up ends with it", async () => {
    const cloud = open();
    const { code } = await invite(cloud, "di@example.com", everywhere);
    const thief = openBrowser(cloud);
    await thief.send("POST", "/v1/auth/invitations", { code, password: goodPassword });
    await thief.send("POST", "/v1/auth/sign-in", { email: "di@example.com", password: goodPassword });
    const owner = openBrowser(cloud);
    await owner.send("POST", "/v1/auth/sign-in", { email: "di@example.com", password: goodPassword });
    const setUp = await owner.send("POST", "/v1/auth/second-factor/set-up", { password: goodPassword });
    const { totpUri } = setUp.body as { totpUri: string };
    await owner.send("POST", "/v1/auth/second-factor", { code: computeCode(totpUri) });
    expect((await owner.send("GET", sessionOf)).status).toBe(200);
    expect((await thief.send("GET", sessionOf)).status).toBe(401);
  });

  test("sessions are listed and ended, a changed password ends the others, signing out ends this one", async () => {
    const cloud = open();
    const person = await joinCloud(cloud, "ed@example.com", everywhere);
    const other = await signInAgain(cloud, person, computeCode(person.totpUri, 1));
    const listed = await person.browser.send("GET", "/v1/auth/sessions");
    const { items } = listed.body as { items: { sessionId: string; current: boolean }[] };
    expect(items).toHaveLength(2);
    const foreign = await joinCloud(cloud, "ef@example.com", everywhere);
    const otherId = items.find(({ current }) => !current)?.sessionId ?? "";
    expect((await foreign.browser.send("POST", `/v1/auth/sessions/${otherId}/end`)).status).toBe(404);
    expect((await other.send("GET", sessionOf)).status).toBe(200);

    const body = { currentPassword: goodPassword, newPassword: "eight green parcels on a cart" };
    const wrong = { ...body, currentPassword: "not the current one" };
    expect((await person.browser.send("POST", "/v1/auth/password", wrong)).status).toBe(401);
    expect((await person.browser.send("POST", "/v1/auth/password", body)).status).toBe(200);
    expect((await other.send("GET", sessionOf)).status).toBe(401);
    const stolen = new Map(person.browser.jar);
    expect((await person.browser.send("POST", "/v1/auth/sign-out")).status).toBe(200);
    const thief = openBrowser(cloud);
    for (const [name, value] of stolen) thief.jar.set(name, value);
    expect((await thief.send("GET", sessionOf)).status).toBe(401);
  });

  test("a disabled person is out with the next request, cannot sign in, and can again when enabled", async () => {
    const cloud = open();
    const person = await joinCloud(cloud, "flo@example.com", everywhere);
    const admin = openBrowser(cloud);
    const path = `/v1/people/${person.personId}`;
    expect((await admin.send("POST", `${path}/disable`, {}, asAdmin)).status).toBe(200);
    expect((await person.browser.send("GET", sessionOf)).status).toBe(401);
    const body = { email: "flo@example.com", password: goodPassword };
    expect((await openBrowser(cloud).send("POST", "/v1/auth/sign-in", body)).status).toBe(401);
    expect((await admin.send("POST", `${path}/enable`, {}, asAdmin)).status).toBe(200);
    const back = await signInAgain(cloud, person, computeCode(person.totpUri, 1));
    expect((await back.send("GET", sessionOf)).status).toBe(200);
  });

  test("a new invitation ends sessions at once and lets password and second factor be set anew", async () => {
    const cloud = open();
    const person = await joinCloud(cloud, "gil@example.com", everywhere);
    const path = `/v1/people/${person.personId}/invitations`;
    const answer = await openBrowser(cloud).send("POST", path, {}, asAdmin);
    expect(answer.status).toBe(201);
    expect((await person.browser.send("GET", sessionOf)).status).toBe(401);
    const { code } = answer.body as { code: string };
    const { browser } = await acceptInvitation(cloud, "gil@example.com", code);
    expect((await browser.send("GET", sessionOf)).body).toMatchObject({ secondFactor: true });
    const old = await signInAgain(cloud, person, computeCode(person.totpUri, 1));
    expect((await old.send("GET", sessionOf)).status).toBe(401);
  });

  test("roles count from the next request, and no administrator of one hub reaches beyond it", async () => {
    const cloud = open();
    const admin = openBrowser(cloud);
    await admin.send("POST", "/v1/hubs", { hubId: "west", name: "West" }, asAdmin);
    const boss = await joinCloud(cloud, "boss@example.com", everywhere);
    const local = await joinCloud(cloud, "local@example.com", [{ role: "cloud-admin", hubId: "west" }]);
    const clerk = await joinCloud(cloud, "clerk@example.com", [{ role: "operator", hubId: "west" }]);
    const put = (personId: string, roles: unknown) =>
      local.browser.send("PUT", `/v1/people/${personId}/roles`, { roles });

    expect((await clerk.browser.send("GET", "/v1/console/stations")).status).toBe(403);
    expect((await put(clerk.personId, [{ role: "supervisor", hubId: "west" }])).status).toBe(200);
    expect((await clerk.browser.send("GET", "/v1/console/stations")).status).toBe(200);
    expect((await put(clerk.personId, [{ role: "supervisor", hubId: "main" }])).status).toBe(403);
    expect((await put(clerk.personId, everywhere)).status).toBe(403);
    expect((await clerk.browser.send("GET", "/v1/console/stations")).status).toBe(200);
    expect((await put(boss.personId, [])).status).toBe(404);
    for (const word of ["disable", "invitations"])
      expect((await local.browser.send("POST", `/v1/people/${boss.personId}/${word}`, {})).status).toBe(404);
    const listed = await local.browser.send("GET", "/v1/people");
    const emails = (listed.body as { items: { email: string }[] }).items.map(({ email }) => email);
    expect(emails).toEqual(["clerk@example.com", "local@example.com"]);
    const widened = { email: "x@example.com", name: "x", roles: everywhere };
    expect((await local.browser.send("POST", "/v1/people", widened)).status).toBe(403);
    const taken = await invite(cloud, "x@example.com", everywhere);
    expect(taken.code).toMatch(/^wsi_/);
  });

  test("behind TLS the cookies are for TLS only, and the page must be the public one", async () => {
    const cloud = makeTestCloud(open().database, { publicUrl: "https://cloud.example" });
    await joinCloud(open(), "tls@example.com", everywhere);
    const browser = openBrowser(cloud);
    const body = { email: "tls@example.com", password: goodPassword };
    expect((await browser.send("POST", "/v1/auth/sign-in", body)).status).toBe(403);
    const answer = await browser.send("POST", "/v1/auth/sign-in", body, { origin: "https://cloud.example" });
    expect(answer.status).toBe(200);
    const kept = answer.headers.getSetCookie().filter((line) => !line.includes("Max-Age=0"));
    expect(kept.length).toBeGreaterThan(0);
    for (const cookie of kept) expect(cookie).toMatch(/^__Secure-.*; Secure/);
  });
});
