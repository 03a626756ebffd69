import type { Page, Route } from "playwright-core";
import { describe, expect, test } from "vitest";
import { browserPath } from "./open-browser.ts";
import { enrolWith, makeReport, shareConsole, tabTo } from "./console-cloud.ts";

/** The admin's page of stations in a real browser against a real cloud process. */

const { cloud, openConsole } = shareConsole();

const rowOf = (page: Page, stationId: string) => page.locator(`[data-station="${stationId}"]`);
const hourMs = 3_600_000;

/** As if an hour had gone by at that moment: the cloud's word for now, and the times of all that came after it. */
async function answerAnHourLater(route: Route, jumpedAtMs: number): Promise<void> {
  const response = await route.fetch();
  const text = (await response.text()).replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, (quoted) => {
    const atMs = Date.parse(quoted.slice(1, -1));
    return atMs < jumpedAtMs ? quoted : JSON.stringify(new Date(atMs + hourMs));
  });
  const date = new Date(Date.now() + hourMs).toUTCString();
  return route.fulfill({ response, body: text, headers: { ...response.headers(), date } });
}

const toStations = (page: Page) => page.getByRole("link", { name: "Stations", exact: true }).click();

describe.skipIf(browserPath === null)("the console's stations", { timeout: 60_000 }, () => {
  test("with the keyboard alone: the empty page says what to do, a station is enrolled, and the dialog sees it happen", async () => {
    const { page, problems, foreignRequests } = await openConsole();
    await tabTo(page, page.getByRole("link", { name: "Stations", exact: true }));
    await page.keyboard.press("Enter");
    await page.getByText("No stations yet").waitFor();
    await page.getByText("type the one-time code at the station").waitFor();
    await tabTo(page, page.getByRole("button", { name: "Enrol a station" }));
    await page.keyboard.press("Enter");
    const dialog = page.getByRole("dialog");
    await dialog.getByLabel("Station id").waitFor();
    await page.keyboard.type("belt 7!");
    await dialog.getByText("beginning with a letter").waitFor();
    await page.keyboard.press("Backspace");
    await page.keyboard.type("-north");
    await page.keyboard.press("Tab");
    await page.keyboard.type("North gate");
    await page.keyboard.press("Enter");
    const code = await dialog.getByLabel("One-time code").first().innerText();
    expect(code).toMatch(/^[A-Z0-9]{5}-[A-Z0-9]{5}$/);
    await dialog.getByText(`waystation station enrol --cloud ${cloud().url} --code ${code}`).waitFor();
    await dialog.getByText(/Good for (29|30):\d\d more/).waitFor();
    // A slip must not lose what is shown once.
    await page.keyboard.press("Escape");
    expect(await dialog.isVisible()).toBe(true);
    await enrolWith(cloud().url, code);
    // At the latest with the page's own next look, when the notice of it comes to nothing.
    await dialog.getByText("belt7-north has enrolled").waitFor({ timeout: 40_000 });
    await tabTo(page, dialog.getByRole("button", { name: "Close" }).last());
    await page.keyboard.press("Enter");
    await dialog.waitFor({ state: "detached" });
    await rowOf(page, "belt7-north").getByText("North gate").waitFor();
    expect(problems).toEqual([]);
    expect(foreignRequests).toEqual([]);
  });

  test("a report puts the station online with its devices, in either language; filters and sorting find it", async () => {
    const { page } = await openConsole();
    const station = await cloud().enrol("bench-2");
    await cloud().prepare("bench-10");
    await toStations(page);
    const row = rowOf(page, "bench-2");
    await row.getByText("Online").waitFor();
    await station.report(makeReport({ clockMs: Date.now() + 300_000 }));
    await row.getByText("1 of 2 ready").waitFor();
    await row.getByText("printer-1 is out of labels").waitFor();
    await row.getByText("41 facts not here yet").waitFor();
    await row.getByText("5 min ahead").or(row.getByText("4 min ahead")).first().waitFor();
    await row.getByText("lane-2: faulted").waitFor();
    await row.getByText("speaks an older protocol than the cloud").waitFor();
    await rowOf(page, "bench-10").getByText("Waiting for enrolment").waitFor();

    const ids = async () =>
      (await page.locator("[data-station] a").allInnerTexts()).map((text) => text.trim());
    await page.getByRole("button", { name: "Station", exact: true }).click();
    const listed = await ids();
    expect(listed.indexOf("bench-2")).toBeLessThan(listed.indexOf("bench-10"));
    await page.getByLabel("Station or name").fill("BENCH-1");
    await expect.poll(ids).toEqual(["bench-10"]);
    await page.getByLabel("Station or name").fill("");
    await page.getByLabel("State", { exact: true }).selectOption("waiting");
    await expect.poll(ids).toEqual(["bench-10"]);
    await page.getByLabel("State", { exact: true }).selectOption("");

    await page.getByRole("button", { name: "中文" }).click();
    await row.getByText("printer-1 缺纸").waitFor();
    await row.getByText("在线").waitFor();
  });

  test("one station's page: devices, logs, alarms, and the exact time for the keyboard too", async () => {
    const { page } = await openConsole();
    const station = await cloud().enrol("detail-1");
    await station.report(makeReport());
    await station.fork();
    await page.goto(`${cloud().url}/#/stations/detail-1`);
    const drawer = page.getByRole("dialog");
    await drawer.getByText("printer-1 is out of labels").waitFor();
    await drawer.getByText("another fact was offered as no. 1 of log").waitFor();
    await drawer.getByRole("cell", { name: "log-of-detail-1" }).waitFor();
    await drawer.getByText("boot-of-the-test").waitFor();
    await tabTo(page, drawer.locator("time").first());
    await page.getByRole("tooltip").waitFor();
    await page.keyboard.press("Escape");
    await drawer.waitFor({ state: "detached" });
    expect(page.url()).toMatch(/#\/stations$/);
  });

  test("with the network cut the page stays, says of when it is, judges nothing anew, and comes back by itself", async () => {
    const { page } = await openConsole();
    const station = await cloud().enrol("cut-1");
    await station.report(makeReport());
    await page.clock.install();
    await page.reload();
    await toStations(page);
    const row = rowOf(page, "cut-1");
    await row.getByText("1 of 2 ready").waitFor();
    await page.context().setOffline(true);
    const note = page.getByRole("status").getByText("the cloud does not answer");
    await note.waitFor();
    await page.getByText("No connection").waitFor();
    await page.clock.fastForward("01:00:00");
    await row.getByText("Online").waitFor();
    expect(await row.getByText("Silent").count()).toBe(0);
    await station.report(makeReport({ devices: [] }));
    await page.context().setOffline(false);
    // The first request after the change of networks may still be lost; then it is the next one's.
    const isBack = async (): Promise<boolean> => {
      await page.clock.fastForward("00:30");
      return (await note.count()) + (await row.getByText("1 of 2 ready").count()) === 0;
    };
    await expect.poll(isBack, { timeout: 10_000 }).toBe(true);
  });

  test("the cloud goes and comes back: the same page is live again", async () => {
    const { page } = await openConsole();
    await cloud().enrol("restart-1");
    await toStations(page);
    await rowOf(page, "restart-1").waitFor();
    await cloud().restart(async () => {
      await page.getByRole("status").getByText("the cloud does not answer").waitFor();
      await rowOf(page, "restart-1").waitFor();
    });
    await page.getByText("Live").waitFor({ timeout: 20_000 });
    await page.getByRole("status").getByText("the cloud does not answer").waitFor({ state: "detached" });
  });

  test("a station silent for an hour is told from one that is fine", async () => {
    const { page } = await openConsole();
    const silent = await cloud().enrol("silent-1");
    await silent.report(makeReport());
    await toStations(page);
    await rowOf(page, "silent-1").locator('[data-state="online"]').waitFor();
    const jumpedAtMs = Date.now();
    await page.route("**/v1/console/**", (route) =>
      route.request().url().endsWith("/changes") ? route.continue() : answerAnHourLater(route, jumpedAtMs),
    );
    await (await cloud().enrol("fine-1")).report(makeReport());
    await rowOf(page, "silent-1").locator('[data-state="silent"]').getByText("Silent for 1 hr").waitFor();
    await rowOf(page, "fine-1").locator('[data-state="online"]').waitFor();
    await page.getByLabel("State", { exact: true }).selectOption("silent");
    await rowOf(page, "silent-1").waitFor();
    // The page asks on until it is closed: an answer under way then is nobody's failure.
    await page.unrouteAll({ behavior: "ignoreErrors" });
  });

  test("revoke says what it means and shuts out; a new code lets in again; the audit log tells of all of it", async () => {
    const { page } = await openConsole();
    const station = await cloud().enrol("lost-1");
    await station.report(makeReport());
    await page.goto(`${cloud().url}/#/stations/lost-1`);
    await page.getByRole("button", { name: "Revoke" }).click();
    const question = page.getByRole("dialog").filter({ hasText: "Revoke lost-1?" });
    await question.getByText("Facts that are here stay").waitFor();
    await question.getByRole("button", { name: "Revoke" }).click();
    await page.getByRole("dialog").locator('[data-state="revoked"]').waitFor();
    expect(await station.tryReport()).toBe(401);

    await page.getByRole("button", { name: "New code" }).click();
    const dialog = page.getByRole("dialog").filter({ hasText: "New code for lost-1" });
    await dialog.getByRole("button", { name: "Get a code" }).click();
    const code = await dialog.getByLabel("One-time code").first().innerText();
    await dialog.getByText(`--code ${code} --replace`).waitFor();
    await enrolWith(cloud().url, code);
    await dialog.getByText("lost-1 has enrolled").waitFor();
    await dialog.getByRole("button", { name: "Close" }).last().click();
    await page.keyboard.press("Escape");

    await page.getByRole("link", { name: "Audit log" }).click();
    const entry = page.getByRole("row").filter({ hasText: "revoked the station" });
    expect(await entry.first().innerText()).toContain("station lost-1");
  });
});
