import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";

const candidates = [
  process.env.CHROMIUM_PATH,
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
];
/** null: no browser on this machine, and the tests that need one say so and are skipped. */
export const browserPath = candidates.find((path) => path !== undefined && existsSync(path)) ?? null;

const flags =
  "--no-sandbox --headless --disable-gpu --no-first-run --disable-background-networking --disable-component-update --disable-sync --autoplay-policy=user-gesture-required";

export function launchBrowser(executablePath: string): Promise<Browser> {
  return chromium.launch({ executablePath, args: flags.split(" ") });
}

/** The screen as it is now: the run has built it before the first of these tests. */
const staticDir = fileURLToPath(new URL("../../dist/renderer", import.meta.url));

export type OpenedPage = {
  readonly page: Page;
  readonly problems: string[];
  readonly foreignRequests: string[];
};

/** A page of its own, which remembers every console error and every request to elsewhere. */
export async function openPage(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<OpenedPage> {
  const context = await browser.newContext({
    viewport: { width: 1280, height: 800 },
    locale: "en-GB",
    reducedMotion: "reduce",
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(10_000);
  const problems: string[] = [];
  const foreignRequests: string[] = [];
  const { host } = new URL(url);
  page.on("console", (message) => {
    // A socket that cannot be opened while the engine is away is logged by the browser itself.
    if (message.type() === "error" && !message.text().includes("WebSocket")) problems.push(message.text());
  });
  page.on("pageerror", (error) => problems.push(String(error)));
  page.on("request", (request) => {
    if (new URL(request.url()).host !== host && !request.url().startsWith("data:"))
      foreignRequests.push(request.url());
  });
  await page.goto(url);
  return { page, problems, foreignRequests };
}

/** One browser for a file's tests, and the built screen; what a test puts into `cleanups` ends with it. */
export function shareBrowser() {
  const opened: { browser?: Browser } = {};
  const cleanups: (() => unknown)[] = [];
  beforeAll(async () => {
    if (browserPath === null) return;
    opened.browser = await launchBrowser(browserPath);
  }, 60_000);
  afterAll(async () => {
    await opened.browser?.close();
  });
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });
  const required = <T>(value: T | undefined): T => {
    if (value === undefined) throw new Error("there is no browser on this machine");
    return value;
  };
  return {
    cleanups,
    browser: () => required(opened.browser),
    staticDir: () => staticDir,
  };
}
