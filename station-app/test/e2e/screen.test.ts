import { bridgeName, portChannel } from "@waystation/shared/wire/shell-bridge";
import type { LaneView, ParcelView, StationView } from "@waystation/shared/session/view";
import type { Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { findVisualFaults } from "./inspect-page.ts";
import { browserPath, type OpenedPage, openPage, shareBrowser } from "./open-browser.ts";
import {
  accepted,
  makeDevice,
  makeLane,
  makeParcel,
  makeView,
  type ScriptedStation,
  startScriptedStation,
} from "./scripted-station.ts";
import { manyReasons, paperOut, states, waits } from "./screen-states.ts";

/** The screen in a real browser against the product's own server and feed. */

const { browser, staticDir, cleanups } = shareBrowser();

async function start(
  view: StationView = makeView(),
  more: { port?: number; token?: string; ipcVersion?: number } = {},
): Promise<ScriptedStation> {
  const station = await startScriptedStation({ view, staticDir: staticDir(), ...more });
  cleanups.push(() => station.close());
  return station;
}

async function open(
  station: ScriptedStation,
  options: Parameters<typeof openPage>[2] = {},
): Promise<OpenedPage> {
  const opened = await openPage(browser(), station.url, options);
  cleanups.push(() => opened.page.context().close());
  return opened;
}

const verdict = (page: Page) => page.locator(".verdict").first();
const showLane = (station: ScriptedStation, change: Partial<LaneView>) =>
  station.feed.publish({ lanes: [makeLane(change)] });
const shows = (page: Page, text: string) => page.getByText(text, { exact: false }).first().waitFor();

const looks = [
  { viewport: { width: 1280, height: 800 }, colorScheme: "light", locale: "en-GB", hasTouch: true },
  { viewport: { width: 1920, height: 1080 }, colorScheme: "dark", locale: "en-GB" },
  { viewport: { width: 1024, height: 768 }, colorScheme: "dark", locale: "zh-CN", hasTouch: true },
] as const;

describe.skipIf(browserPath === null)("the screen", () => {
  test.each(looks)(
    "nothing is small, cut off or faint, and nothing comes from elsewhere: $locale $viewport",
    async (look) => {
      const station = await start();
      const { page, problems, foreignRequests } = await open(station, look);
      for (const [name, view] of Object.entries(states)) {
        station.feed.replace({ ...view, stationId: name });
        await page.locator(".brand").getByText(name, { exact: true }).waitFor();
        expect(await findVisualFaults(page), name).toEqual([]);
      }
      expect(problems).toEqual([]);
      expect(foreignRequests).toEqual([]);
    },
  );

  test("a parcel from induction to its end: word, chute, why, what next, figures, sounds", async () => {
    const station = await start();
    const { page } = await open(station);
    await shows(page, "Waiting for the first parcel");
    const parcel = makeParcel({ barcode: "LP1CN", weightGrams: 1310 });
    showLane(station, { parcels: [parcel] });
    await shows(page, "MEASURING");
    showLane(station, { parcels: [{ ...parcel, phase: "diverting", verdict: "accepted", chute: 12 }] });
    await shows(page, "ACCEPTED");
    expect(await verdict(page).innerText()).toMatch(
      /Chute\s*12[\s\S]*LP1CN[\s\S]*1,310 g[\s\S]*300 x 200 x 100[\s\S]*EUB-FR[\s\S]*FR France/,
    );
    await vi.waitFor(async () =>
      expect(await page.locator("html").getAttribute("data-last-sound")).toBe("ok"),
    );
    const ended = {
      ...parcel,
      phase: "ended",
      verdict: "accepted",
      outcome: "rejected",
      chute: 99,
      reasons: [{ code: "chute.full", details: { chute: 12 } }],
    } as const;
    showLane(station, {
      recent: [ended as unknown as ParcelView],
      counts: { accepted: 0, intercepted: 0, rejected: 1, noRead: 0 },
    });
    await shows(page, "REJECTED");
    await shows(page, "Chute 12 is full.");
    await shows(page, "Put it in the reject lane.");
    expect(await page.locator(".recent li").innerText()).toContain("LP1CN");
    await vi.waitFor(async () =>
      expect(await page.locator("html").getAttribute("data-last-sound")).toBe("stop"),
    );
  });

  test("devices and the cloud link say how they are and what to do", async () => {
    const station = await start();
    const { page } = await open(station);
    await shows(page, "Cloud online");
    station.feed.publish({
      devices: [makeDevice("printer", { state: "faulted", failure: paperOut })],
      link: { cloud: "offline", failure: null, factsRecorded: 10, factsAcknowledged: 9, ordersVisible: 1 },
    });
    await shows(page, "printer-1 is out of labels. Load a new roll.");
    await shows(page, "Cloud offline, work goes on");
    await shows(page, "1 record to send · 1 order");
    station.feed.publish({
      link: {
        cloud: "refused",
        failure: { code: "access.unauthenticated", details: {} },
        factsRecorded: 10,
        factsAcknowledged: 9,
        ordersVisible: 1,
      },
    });
    await shows(page, "The token is missing or unknown.");
  });

  test("with the keyboard alone: stop, resume, barcode, label, take away", async () => {
    const station = await start(makeView([makeLane({ profile: "bench" })]));
    const { page } = await open(station);
    await shows(page, "Waiting for the first parcel");
    await page.keyboard.press("F2");
    await vi.waitFor(() =>
      expect(station.commands.at(-1)).toMatchObject({
        name: "stop",
        input: { laneId: "lane-1", operatorId: "unidentified" },
      }),
    );
    showLane(station, { profile: "bench", status: "stopped", stopReason: "operator" });
    await shows(page, "Lane stopped");
    await page.keyboard.press("F2");
    await vi.waitFor(() => expect(station.commands.at(-1)?.name).toBe("resume"));
    showLane(station, { profile: "bench" });
    await page.getByRole("button", { name: "Stop lane" }).waitFor();

    await page.keyboard.press("F4");
    await page.getByRole("dialog").waitFor();
    await page.keyboard.press("F2");
    await page.keyboard.press("Enter");
    await page.keyboard.type(" LP9CN ");
    await page.keyboard.press("Enter");
    await vi.waitFor(() =>
      expect(station.commands.at(-1)).toEqual({
        name: "enterBarcode",
        input: { laneId: "lane-1", parcelId: null, data: "LP9CN", operatorId: "unidentified" },
      }),
    );
    await page.getByRole("dialog").waitFor({ state: "detached" });

    const parcel = waits({ parcelId: "p-1", needs: "label-answer", verdict: "accepted" });
    showLane(station, { profile: "bench", parcels: [parcel] });
    await shows(page, "Did the label come out?");
    await page.keyboard.press("F7");
    await vi.waitFor(() =>
      expect(station.commands.at(-1)).toMatchObject({
        name: "answerLabel",
        input: { parcelId: "p-1", printed: false },
      }),
    );
    showLane(station, { profile: "bench", parcels: [{ ...parcel, needs: "weight" }] });
    await shows(page, "Put the parcel on the scale again.");
    await page.keyboard.press("F8");
    await vi.waitFor(() =>
      expect(station.commands.at(-1)).toMatchObject({ name: "clearParcel", input: { parcelId: "p-1" } }),
    );
    expect(station.commands.map((command) => command.name)).toEqual([
      "stop",
      "resume",
      "enterBarcode",
      "answerLabel",
      "clearParcel",
    ]);
  });

  test("the dialog takes the focus and gives it back; Escape sends nothing", async () => {
    const station = await start(makeView([makeLane({ profile: "bench" })]));
    const { page } = await open(station);
    const button = page.getByRole("button", { name: "Enter barcode" });
    await button.focus();
    await page.keyboard.press("Enter");
    await vi.waitFor(async () =>
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT"),
    );
    await page.keyboard.type("X");
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "detached" });
    await vi.waitFor(async () =>
      expect(await button.evaluate((element) => element === document.activeElement)).toBe(true),
    );
    expect(station.commands).toEqual([]);
  });

  test("by touch: a badge is taken on, a second touch before the answer does nothing, a refusal is told", async () => {
    const gate = Promise.withResolvers<{
      ok: false;
      failure: { code: "lane.unknown"; details: { laneId: string } };
    }>();
    const station = await start(
      makeView([makeLane({ parcels: [waits({ needs: "label-answer", verdict: "accepted" })] })]),
    );
    station.replies.push(gate.promise);
    const { page } = await open(station, { hasTouch: true });
    await page.getByRole("button", { name: "No badge" }).tap();
    await page.getByRole("textbox").fill("badge-77");
    await page.getByRole("button", { name: "OK" }).tap();
    const yes = page.getByRole("button", { name: "Yes" });
    await yes.tap();
    await page.keyboard.press("F6");
    await page.keyboard.press("F6");
    gate.resolve({ ok: false, failure: { code: "lane.unknown", details: { laneId: "lane-1" } } });
    await shows(page, "There is no lane lane-1.");
    expect(station.commands).toHaveLength(1);
    expect(station.commands[0]).toMatchObject({
      name: "answerLabel",
      input: { printed: true, operatorId: "badge-77" },
    });
  });

  test("F1 goes to the next lane and the keys follow", async () => {
    const station = await start(makeView([makeLane(), makeLane({ laneId: "lane-2" })]));
    const { page } = await open(station);
    await page.locator(".verdict").first().waitFor();
    await page.keyboard.press("F1");
    await page.keyboard.press("F2");
    await vi.waitFor(() =>
      expect(station.commands.at(-1)).toMatchObject({ name: "stop", input: { laneId: "lane-2" } }),
    );
  });

  test("on a narrow screen lanes are tabs, and a tab says that its lane needs somebody", async () => {
    const station = await start(
      makeView([makeLane(), makeLane({ laneId: "lane-2", parcels: [waits({ needs: "barcode" })] })]),
    );
    const { page } = await open(station, { viewport: { width: 1024, height: 768 } });
    const tab = page.getByRole("button", { name: "lane-2" });
    expect(await tab.innerText()).toContain("needs you");
    await tab.click();
    await shows(page, "BARCODE?");
    expect(await page.locator(".lane:visible").count()).toBe(1);
  });

  test("language and sound switch live and are remembered; reasons and remedies follow", async () => {
    const station = await start(
      makeView([makeLane({ parcels: [accepted({ verdict: "intercepted", reasons: manyReasons })] })]),
    );
    const { page } = await open(station);
    await shows(page, "STOPPED");
    await page.keyboard.press("F9");
    await shows(page, "拦截");
    await shows(page, "申报 842 g，实重 1310 g");
    await shows(page, "放到一旁，交主管处理。");
    expect(await page.locator("html").getAttribute("lang")).toBe("zh");
    await page.keyboard.press("F10");
    await page.reload();
    await shows(page, "拦截");
    await shows(page, "声音关");
    showLane(station, { parcels: [accepted()] });
    await vi.waitFor(async () =>
      expect(await page.locator("html").getAttribute("data-last-sound")).toBe("ok (muted)"),
    );
  });

  test("light and dark switch live", async () => {
    const { page } = await open(await start(), { colorScheme: "light" });
    await page.getByRole("button", { name: "Dark" }).click();
    expect(await page.locator("html").getAttribute("data-mantine-color-scheme")).toBe("dark");
  });

  test("the engine goes and comes back: an alarm, nothing to press, then the new view", async () => {
    const station = await start(makeView([makeLane({ parcels: [accepted()] })]), { token: "same" });
    const { page } = await open(station);
    await shows(page, "ACCEPTED");
    await station.close();
    await page.getByRole("alert").getByText("No connection to the engine").waitFor();
    expect(await page.locator("main").getAttribute("inert")).toBe("");
    await vi.waitFor(async () =>
      expect(await page.locator("html").getAttribute("data-last-sound")).toBe("stop"),
    );
    expect(await findVisualFaults(page)).toEqual([]);
    const again = await start(makeView([makeLane({ parcels: [accepted({ verdict: "no-read" })] })]), {
      port: station.port,
      token: "same",
    });
    await shows(page, "NO READ");
    await page.getByText("No connection to the engine").waitFor({ state: "detached" });
    await page.keyboard.press("F2");
    await vi.waitFor(() => expect(again.commands).toHaveLength(1));
  });

  test("after a restart with a new token the page says what to do, and the new address works in the same tab", async () => {
    const first = await start(makeView(), { token: "first" });
    const { page } = await open(first);
    await shows(page, "Waiting for the first parcel");
    expect(page.url()).not.toContain("first");
    await first.close();
    const second = await start(makeView([makeLane({ parcels: [accepted()] })]), {
      port: first.port,
      token: "second",
    });
    await shows(page, "This page belongs to an earlier start of the station.");
    await page.goto(second.url);
    await shows(page, "ACCEPTED");
  });

  test("an engine of another version is told, not shown", async () => {
    const { page } = await open(await start(makeView(), { ipcVersion: 99 }));
    await shows(page, "This page and the engine are of different versions.");
  });

  test("words in the view are text, never markup", async () => {
    const markup = "<img src=x onerror=alert(1)>";
    const station = await start(
      makeView([
        makeLane({
          laneId: markup,
          status: "stopped",
          stopReason: markup,
          parcels: [accepted({ barcode: markup, reasons: [{ code: markup, details: {} }] })],
        }),
      ]),
    );
    const { page, problems } = await open(station);
    await shows(page, markup);
    expect(await page.locator("img").count()).toBe(0);
    expect(problems).toEqual([]);
  });

  test("behind the shell's bridge: the page asks for a port, serves from it, and asks again when it closes", async () => {
    const station = await start(makeView([makeLane({ parcels: [accepted()] })]));
    const { page } = await open(station);
    // The shell's part, played in the page: the messages are the same over both transports, so one relays to the other.
    await page.addInitScript(
      ({ bridge, channel, socketUrl, protocols }) => {
        const shell = window as unknown as Record<string, unknown> & { shellPorts: MessagePort[] };
        shell.shellPorts = [];
        shell[bridge] = {
          requestPort: () => {
            const { port1, port2 } = new MessageChannel();
            const socket = new WebSocket(socketUrl, protocols);
            socket.addEventListener("message", (event) => port2.postMessage(event.data));
            socket.addEventListener("open", () => {
              port2.addEventListener("message", (event) => socket.send(event.data));
              port2.start();
            });
            shell.shellPorts.push(port2);
            window.postMessage({ kind: channel }, window.location.origin, [port1]);
          },
        };
      },
      {
        bridge: bridgeName,
        channel: portChannel,
        socketUrl: `ws://127.0.0.1:${station.port}/rpc`,
        protocols: ["waystation.v1", "token.e2e-token"],
      },
    );
    await page.reload();
    await shows(page, "ACCEPTED");
    await page.keyboard.press("F2");
    await vi.waitFor(() => expect(station.commands).toHaveLength(1));
    await page.evaluate(() => (window as unknown as { shellPorts: MessagePort[] }).shellPorts[0]?.close());
    await vi.waitFor(
      async () =>
        expect(
          await page.evaluate(() => (window as unknown as { shellPorts: MessagePort[] }).shellPorts.length),
        ).toBe(2),
      { timeout: 20_000 },
    );
    await page.getByText("No connection to the engine").waitFor({ state: "detached" });
  });
});
