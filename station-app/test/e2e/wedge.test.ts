import type { CDPSession, Page } from "playwright-core";
import { describe, expect, test, vi } from "vitest";
import { browserPath, openPage, shareBrowser } from "./open-browser.ts";
import {
  makeLane,
  makeParcel,
  makeView,
  type ScriptedStation,
  startScriptedStation,
} from "./scripted-station.ts";

/** A scanner in keyboard mode at the real page: trusted key events, as fast as the browser takes them. */

const { browser, staticDir, cleanups } = shareBrowser();

async function open(view = makeView([makeLane({ profile: "bench" })])) {
  const station = await startScriptedStation({ view, staticDir: staticDir() });
  cleanups.push(() => station.close());
  const { page } = await openPage(browser(), station.url);
  cleanups.push(() => page.context().close());
  await page.locator(".verdict").first().waitFor();
  const keyboard = await page.context().newCDPSession(page);
  return { station, page, scan: (keys: readonly Key[]) => play(keyboard, keys) };
}

type Key = {
  readonly code: string;
  readonly key: string;
  readonly modifiers?: number;
  readonly text?: string;
};
const shift = 8;
const ctrl = 2;
const enter: Key = { code: "Enter", key: "Enter", text: "\r" };
const digit = (text: string): Key => ({ code: `Digit${text}`, key: text, text });
const digits = (text: string): Key[] => [...text].map(digit);
const letter = (text: string): Key => ({ code: `Key${text}`, key: text, text, modifiers: shift });

/** All events are handed to the browser before the first is answered: they come a fraction of a millisecond apart. */
async function play(session: CDPSession, keys: readonly Key[]): Promise<void> {
  const heldShift = { code: "ShiftLeft", key: "Shift", windowsVirtualKeyCode: 16 };
  const events = keys.flatMap(({ text, modifiers = 0, ...key }) => {
    const same = { ...key, modifiers, windowsVirtualKeyCode: virtualKey(key.key) };
    const press = [
      { type: "keyDown" as const, ...same, ...(text === undefined ? {} : { text }) },
      { type: "keyUp" as const, ...same },
    ];
    if (modifiers !== shift) return press;
    return [{ type: "keyDown" as const, ...heldShift }, ...press, { type: "keyUp" as const, ...heldShift }];
  });
  await Promise.all(events.map((event) => session.send("Input.dispatchKeyEvent", event)));
}
const virtualKey = (key: string): number =>
  key === "Enter" ? 13 : key === "F8" ? 119 : key.toUpperCase().charCodeAt(0);

const scans = (station: ScriptedStation) =>
  station.commands.filter(({ name }) => name === "wedgeScan").map(({ input }) => input);
const arrive = (station: ScriptedStation, count: number) =>
  vi.waitFor(() => expect(station.commands).toHaveLength(count), { timeout: 5000 });
const focus = (page: Page, name: string) => page.getByRole("button", { name }).first().focus();

// a browser on a busy machine may take the keys of one scan further apart than any scanner sends them
describe.skipIf(browserPath === null)("a scanner in keyboard mode", { retry: 3 }, () => {
  test("is read wherever the focus is, and its Enter presses no button", async () => {
    const { station, page, scan } = await open();
    await focus(page, "Stop lane");
    await scan([letter("L"), letter("P"), ...digits("00471182"), letter("C"), letter("N"), enter]);
    await arrive(station, 1);
    expect(station.commands).toEqual([
      { name: "wedgeScan", input: { laneId: "lane-1", data: "LP00471182CN", symbology: "unknown" } },
    ]);
    await page.keyboard.press("Enter");
    await arrive(station, 2);
    expect(station.commands.at(-1)?.name).toBe("stop");
  });

  test("keeps GS, by Ctrl+] and by F8, and F8 inside a scan takes no parcel away", async () => {
    const waiting = makeParcel({
      parcelId: "p-1",
      phase: "waiting",
      needs: "label-answer",
      verdict: "accepted",
    });
    const { station, page, scan } = await open(
      makeView([makeLane({ profile: "bench", parcels: [waiting] })]),
    );
    await page.getByText("Did the label come out?").first().waitFor();
    const bracket: Key = { code: "BracketRight", key: "]", modifiers: ctrl };
    const aim = [{ code: "BracketRight", key: "]", text: "]" }, letter("C"), digit("1")];
    await scan([...aim, ...digits("42090210"), bracket, ...digits("92"), enter]);
    await arrive(station, 1);
    await page.waitForTimeout(100);
    await scan([...digits("42090210"), { code: "F8", key: "F8" }, ...digits("92"), enter]);
    await arrive(station, 2);
    expect(scans(station)).toEqual([
      { laneId: "lane-1", data: "42090210\u001d92", symbology: "gs1-128" },
      { laneId: "lane-1", data: "42090210\u001d92", symbology: "unknown" },
    ]);
    await page.waitForTimeout(100);
    await page.keyboard.press("F8");
    await arrive(station, 3);
    expect(station.commands.at(-1)?.name).toBe("clearParcel");
  });

  test("is not garbled by another layout: a French computer", async () => {
    const { station, scan } = await open();
    const french = ["à", "&", "é", '"', "'", "(", "-", "è", "_", "ç"];
    const typed = [...digits("1230")].map((key) => ({
      ...key,
      key: french[Number(key.key)] ?? "",
      text: "é",
    }));
    await scan([...typed, enter]);
    await arrive(station, 1);
    expect(scans(station)).toEqual([{ laneId: "lane-1", data: "1230", symbology: "unknown" }]);
  });

  test("goes to the active lane, and a refused scan is told", async () => {
    const { station, page, scan } = await open(makeView([makeLane(), makeLane({ laneId: "lane-2" })]));
    await page.keyboard.press("F1");
    await page.waitForTimeout(100);
    await scan([...digits("777788"), enter]);
    await arrive(station, 1);
    expect(scans(station)).toMatchObject([{ laneId: "lane-2", data: "777788" }]);
    await page.waitForTimeout(100);
    await scan(digits("999999"));
    await page.getByText("no Enter after the scan").waitFor();
    expect(station.commands).toHaveLength(1);
  });

  test("in an open dialog it types into the field like a person, once", async () => {
    const { station, page, scan } = await open();
    await page.keyboard.press("F4");
    await page.getByRole("textbox").waitFor();
    await vi.waitFor(async () =>
      expect(await page.evaluate(() => document.activeElement?.tagName)).toBe("INPUT"),
    );
    await scan([...digits("55556666"), enter]);
    await arrive(station, 1);
    expect(station.commands).toMatchObject([{ name: "enterBarcode", input: { data: "55556666" } }]);
  });

  test("a person's slow keys do what they always did", async () => {
    const { station, page } = await open();
    await focus(page, "Stop lane");
    for (const key of ["a", "1", "b"]) await page.keyboard.press(key, { delay: 60 });
    await page.keyboard.press("Space", { delay: 60 });
    await arrive(station, 1);
    expect(station.commands[0]?.name).toBe("stop");
  });
});
