import { createHmac } from "node:crypto";
import type { Page } from "playwright-core";
import { describe, expect, test } from "vitest";
import { callCloud, makeReport, shareConsole } from "./console-cloud.ts";
import { findVisualFaults } from "./inspect-page.ts";
import { browserPath } from "./open-browser.ts";

/** People at the console's door: invitation, second factor, refusals, and what their role lets them see. */

const { cloud, openAt, openConsole } = shareConsole();
const password = "seven lanes and a kettle";
const stepMs = 30_000;

async function invite(email: string, role: string): Promise<string> {
  const reply = await callCloud<{ code: string }>(`${cloud().url}/v1/people`, {
    email,
    name: `Person ${role}`,
    roles: [{ role, hubId: null }],
  });
  expect(reply.status).toBe(201);
  return reply.body.code;
}

/** RFC 6238 with the usual six digits and half a minute. */
function computeCode(secret: string, atMs: number): string {
  const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
  const bits = [...secret].map((letter) => letters.indexOf(letter).toString(2).padStart(5, "0")).join("");
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / stepMs)));
  const digest = createHmac("sha1", Buffer.from(bytes)).update(counter).digest();
  const from = (digest.at(-1) ?? 0) & 15;
  return String((digest.readUInt32BE(from) & 0x7fffffff) % 1_000_000).padStart(6, "0");
}

/** A code of this half minute and the next: each works once. */
const nextCode = (secret: string, used: ReadonlySet<string>): string => {
  const codes = [Date.now(), Date.now() + stepMs].map((atMs) => computeCode(secret, atMs));
  return codes.find((code) => !used.has(code)) ?? "";
};

const button = (page: Page, name: string) => page.getByRole("button", { name, exact: true });
const field = (page: Page, name: string) => page.getByRole("textbox", { name, exact: true });

async function acceptInvitation(page: Page): Promise<void> {
  await field(page, "New password").fill(password);
  await field(page, "New password again").fill(password);
  await button(page, "Go on").click();
}

async function typePassword(page: Page, email: string, word = password): Promise<void> {
  await field(page, "E-mail").fill(email);
  await field(page, "Password").fill(word);
  await button(page, "Go on").click();
}

describe.skipIf(browserPath === null)("the console's door", () => {
  test("by invitation to password, second factor and backup codes; out; in with a code, and with a backup code", async () => {
    const email = "admin@example.com";
    const { page, foreignRequests } = await openAt(`#invitation=${await invite(email, "cloud-admin")}`);
    await expect.poll(() => page.url()).not.toContain("invitation");
    await field(page, "New password").fill("short");
    await field(page, "New password again").fill("shore");
    await page.getByText("The two are not the same").waitFor();
    await field(page, "New password again").fill("short");
    await button(page, "Go on").click();
    await page.getByText("Choose a longer password").waitFor();
    await acceptInvitation(page);

    // The first person makes the cloud load what it has for people.
    await page.getByRole("img", { name: "QR code" }).waitFor({ timeout: 30_000 });
    const secret = (await page.getByLabel("Key for the authenticator app").first().innerText()).replaceAll(
      " ",
      "",
    );
    const used = new Set<string>();
    await page.getByLabel("Six-digit code").fill("000000");
    await button(page, "Go on").click();
    await page.getByText("This code is not right or was used before").waitFor();
    const first = nextCode(secret, used);
    used.add(first);
    await page.getByLabel("Six-digit code").fill(first);
    await button(page, "Go on").click();
    const codes = (await page.getByLabel("Backup codes").first().innerText()).trim().split(/\s+/);
    expect(codes.length).toBeGreaterThan(4);
    expect(await button(page, "Enter").isDisabled()).toBe(true);
    await page.getByLabel("I have kept them").check();
    await button(page, "Enter").click();
    await page.getByText("Live", { exact: true }).waitFor();
    await page.getByText("Person cloud-admin").waitFor();
    await page.getByRole("link", { name: "Audit log" }).waitFor();

    await page.reload();
    await page.getByText("Person cloud-admin").waitFor();
    await button(page, "Sign out").click();
    await typePassword(page, email);
    await page.getByLabel("Six-digit code").fill("000000");
    await button(page, "Enter").click();
    await page.getByText("This code is not right or was used before").waitFor();
    await page.getByLabel("Six-digit code").fill(nextCode(secret, used));
    await button(page, "Enter").click();
    await page.getByText("Person cloud-admin").waitFor();

    await button(page, "Sign out").click();
    await typePassword(page, email);
    await button(page, "Authenticator lost? Use a backup code").click();
    await field(page, "Backup code").fill(codes[0] ?? "");
    await button(page, "Enter").click();
    await page.getByText("Person cloud-admin").waitFor();
    expect(foreignRequests).toEqual([]);
  }, 90_000);

  test("a role sees what it may: an operator neither stations nor audit, orders nor facts", async () => {
    const { page } = await openAt(`#invitation=${await invite("operator@example.com", "operator")}`);
    await acceptInvitation(page);
    const secret = await page.getByLabel("Key for the authenticator app").first().innerText();
    await page.getByLabel("Six-digit code").fill(nextCode(secret.replaceAll(" ", ""), new Set()));
    await button(page, "Go on").click();
    await page.getByLabel("I have kept them").check();
    await button(page, "Enter").click();
    await page.getByText("Person operator").waitFor();
    expect(await page.getByRole("navigation").innerText()).toBe("Parcels and orders");
    expect(await page.getByRole("radio").count()).toBe(0);
    await page.goto(`${cloud().url}/#/stations`);
    await page.getByText("Nothing here yet").waitFor();
    expect(await page.getByRole("button", { name: "Enrol a station" }).count()).toBe(0);
  }, 90_000);

  test("refusals are clear: wrong password, used invitation, wrong token, too many attempts, an ended session", async () => {
    const { page } = await openAt("");
    await typePassword(page, "nobody@example.com", "wrong");
    await page.getByText("E-mail or password is not right").waitFor();
    await button(page, "I have an invitation").click();
    await field(page, "Invitation code").fill("wsi_0123456789abcdef");
    await acceptInvitation(page);
    await page.getByRole("alert").filter({ hasText: "invitation" }).waitFor();
    await button(page, "Back to the beginning").click();
    await button(page, "Use the admin token").click();
    await field(page, "Admin token").fill("not-the-token-at-all");
    await button(page, "Enter").click();
    await page.getByText("The cloud does not know this token").waitFor();
    await button(page, "Back to the beginning").click();
    for (let count = 0; count < 12; count += 1)
      await callCloud(
        `${cloud().url}/v1/auth/sign-in`,
        { email: "slow@example.com", password: "no" },
        {
          headers: { origin: cloud().url },
        },
      );
    await typePassword(page, "slow@example.com");
    await page.getByText("Too many attempts. Try again in").waitFor();

    await page.goto(`${cloud().url}/#token=a-token-of-another-cloud`);
    await page.reload();
    await page.getByText("Your session has ended, or the token is not known").waitFor();
  }, 90_000);

  test.each([
    { name: "light", colorScheme: "light", locale: "en-GB", viewport: { width: 1280, height: 800 } },
    { name: "dark-zh", colorScheme: "dark", locale: "zh-CN", viewport: { width: 1440, height: 900 } },
    { name: "phone", colorScheme: "dark", locale: "en-GB", viewport: { width: 390, height: 844 } },
  ] as const)(
    "nothing is faint, nothing wider than the window: $name",
    async ({ name, ...look }) => {
      const station = await cloud().enrol(`look-${name}`);
      await station.report(makeReport());
      const { page, problems, foreignRequests } = await openConsole(look);
      const places = ["", "#/stations", `#/stations/look-${name}`, "#/audit"];
      for (const place of places) {
        await page.goto(`${cloud().url}/${place}`);

        if (place.startsWith("#/stations")) await page.locator(`[data-station="look-${name}"]`).waitFor();
        if (place.endsWith(name)) await page.getByRole("dialog").getByText("boot-of-the-test").waitFor();
        // On a busy machine the first look may fall between the page and its colours.
        const findFaint = async () =>
          (await findVisualFaults(page)).filter((fault) => fault.startsWith("contrast"));
        await expect.poll(findFaint, { message: place, timeout: 5000 }).toEqual([]);
        const excess = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        expect(excess, place).toBeLessThanOrEqual(0);
      }
      expect(problems).toEqual([]);
      expect(foreignRequests).toEqual([]);
    },
    60_000,
  );
});
