import { describe, expect, test, vi } from "vitest";
import { findVisualFaults } from "./inspect-page.ts";
import { browserPath, openPage, shareBrowser } from "./open-browser.ts";
import { makeDevice, makeLane, makeView, startScriptedStation } from "./scripted-station.ts";

const { browser, staticDir, cleanups } = shareBrowser();

const due = {
  calibrationDueOn: "2026-12-01",
  certificate: "K-1",
  zeroCheckedAt: null,
  warnings: [
    { code: "scale.calibration-due", details: { device: "scale-1", dueOn: "2026-12-01", days: 9 } },
    { code: "scale.zero-check-due", details: { device: "scale-1", hours: 24 } },
  ],
} as const;

async function openBench(language: "en" | "zh") {
  const lane = makeLane({ profile: "bench", deviceIds: ["scale-1"] });
  const scale = makeDevice("scale", { upkeep: { ...due, warnings: [...due.warnings] } });
  const view = makeView([lane], { devices: [scale] });
  const station = await startScriptedStation({ view, staticDir: staticDir() });
  cleanups.push(station.close);
  const { page } = await openPage(browser(), station.url);
  cleanups.push(() => page.context().close());
  await page.locator(".upkeep").first().waitFor();
  if (language === "zh") await page.keyboard.press("F9");
  return { station, page };
}

describe.skipIf(browserPath === null)("a scale that wants looking after", () => {
  test.each([
    ["en", "must be calibrated by 2026-12-01 (9 days left)", "Check zero"],
    ["zh", "须在 2026-12-01 前校准", "检查零点"],
  ] as const)("says what is due and lets the zero be checked (%s)", async (language, words, button) => {
    const { station, page } = await openBench(language);
    await page.getByText(words).waitFor();
    expect(await findVisualFaults(page)).toEqual([]);
    station.replies.push({
      ok: false,
      failure: { code: "scale.zero-failed", details: { device: "scale-1" } },
    });
    await page.getByRole("button", { name: button }).click();
    await vi.waitFor(() => expect(station.commands).toHaveLength(1));
    expect(station.commands[0]).toMatchObject({ name: "checkZero", input: { deviceId: "scale-1" } });
    await page.getByRole("alert").first().waitFor();
  });
});
