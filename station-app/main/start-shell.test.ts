import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portChannel } from "@waystation/shared/wire/shell-bridge";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import {
  electron,
  preventable,
  resetElectron,
  StandInFrame,
  StandInProcess,
  StandInWindow,
} from "./electron-stand-in.ts";
import { startShell } from "./start-shell.ts";

vi.mock("electron", async () => (await import("./electron-stand-in.ts")).electronModule);

let staticDir: string;

beforeEach(async () => {
  resetElectron();
  vi.useFakeTimers();
  staticDir = await mkdtemp(join(tmpdir(), "shell-"));
  await writeFile(join(staticDir, "index.html"), '<meta nonce="__CSP_NONCE__">');
  await writeFile(join(staticDir, "..", "shell-secret"), "secret");
});

afterEach(async () => {
  vi.useRealTimers();
  await rm(staticDir, { recursive: true });
  await rm(join(staticDir, "..", "shell-secret"));
});

async function start(kiosk = false) {
  await startShell({
    kiosk,
    engineArgs: ["--data", "/d"],
    paths: { staticDir, preloadPath: "/preload.cjs", engineEntryPath: "/entry.ts" },
  });
  const [window] = StandInWindow.all;
  const [engine] = StandInProcess.all;
  if (window === undefined || engine === undefined) throw new Error("no window or engine was started");
  return { window, engine };
}

const load = (url: string, method = "GET") => {
  const handler = electron.session.defaultSession.handlers.get("app");
  if (handler === undefined) throw new Error("the scheme has no handler");
  return handler({ url, method });
};

const requestPort = (
  window: StandInWindow,
  senderFrame: StandInFrame | null,
  sender: unknown = window.webContents,
) => electron.ipcMain.emit(portChannel, { sender, senderFrame });

test("the window is sandboxed and isolated, and shows only the app's own page", async () => {
  const { window } = await start(true);
  expect(electron.app.sandboxed).toBe(true);
  expect(window.options).toMatchObject({ kiosk: true, show: false });
  expect(window.options.webPreferences).toMatchObject({
    sandbox: true,
    contextIsolation: true,
    nodeIntegration: false,
    webviewTag: false,
    preload: "/preload.cjs",
  });
  expect(window.loaded).toEqual(["app://station/"]);
  window.emit("ready-to-show");
  expect(window.shown).toBe(true);
  expect(electron).toMatchObject({
    menu: null,
    blockers: ["prevent-display-sleep"],
    crashReports: [{ uploadToServer: false }],
  });
});

test("the scheme is a secure origin; its page carries a strict policy with a fresh nonce", async () => {
  await start();
  expect(electron.schemes).toEqual([
    { scheme: "app", privileges: { standard: true, secure: true, supportFetchAPI: true } },
  ]);
  const page = await load("app://station/");
  const nonce = /nonce="([^"]+)"/.exec(await page.text())?.[1];
  const policy = page.headers.get("content-security-policy");
  expect(policy).toContain(`style-src 'self' 'nonce-${nonce}'`);
  expect(policy).toContain("default-src 'none'");
  expect(policy).not.toContain("unsafe");
  expect(await (await load("app://station/index.html")).text()).not.toContain(nonce);
});

test.each([
  "/..%2fshell-secret",
  "/%2e%2e/shell-secret",
  "/%2e%2e%2fshell-secret",
  "/..%5cshell-secret",
  "/assets/..%2f..%2fshell-secret",
  "/absent.js",
  "/.",
])("nothing outside the screen's folder: %s", async (path) => {
  await start();
  const answer = await load(`app://station${path}`);
  expect([answer.status, await answer.text()]).toEqual(path === "/." ? [200, expect.anything()] : [404, ""]);
});

test("another host or method is not served", async () => {
  await start();
  expect((await load("app://elsewhere/index.html")).status).toBe(404);
  expect((await load("app://station/index.html", "POST")).status).toBe(404);
});

test("every permission, device and download is denied", async () => {
  await start();
  const { defaultSession } = electron.session;
  const answers: boolean[] = [];
  for (const permission of ["media", "serial", "hid", "notifications", "openExternal", "fullscreen"])
    defaultSession.permissionRequest?.({}, permission, (granted) => answers.push(granted));
  expect(answers).toEqual(Array(6).fill(false));
  expect(defaultSession.permissionCheck?.()).toBe(false);
  expect(defaultSession.devicePermission?.()).toBe(false);
  const download = preventable();
  defaultSession.emit("will-download", download);
  expect(download.prevented).toBe(true);
});

test("no navigation away, no second window, no embedded page", async () => {
  const { window } = await start();
  const { webContents } = window;
  for (const name of ["will-navigate", "will-frame-navigate", "will-redirect"]) {
    for (const url of [
      "https://example.com/",
      "file:///etc/passwd",
      "app://elsewhere/",
      "app://station.evil/",
      "javascript:alert(1)",
      "nonsense",
    ]) {
      const event = preventable({ url });
      webContents.emit(name, event);
      expect(event.prevented, `${name} ${url}`).toBe(true);
    }
    const own = preventable({ url: "app://station/index.html" });
    webContents.emit(name, own);
    expect(own.prevented).toBe(false);
  }
  expect(webContents.windowOpen?.({ url: "app://station/" })).toEqual({ action: "deny" });
  const webview = preventable();
  webContents.emit("will-attach-webview", webview);
  expect(webview.prevented).toBe(true);
});

test("one real channel between our page and the engine, once the engine is ready", async () => {
  const { window, engine } = await start();
  const frame = new StandInFrame("app://station");
  requestPort(window, frame);
  requestPort(window, frame);
  expect(engine.posted).toEqual([]);
  engine.emit("message", { kind: "ready", version: 1 });
  const [attached] = engine.posted;
  expect(engine.posted).toHaveLength(1);
  expect(attached?.message).toEqual({ kind: "attach-screen", version: 1 });
  const [ofPage, ofEngine] = [frame.posted[1]?.ports[0], attached?.ports[0]];
  const heard = new Promise((resolve) => ofEngine?.on("message", resolve));
  ofPage?.postMessage("hello engine");
  expect(await heard).toBe("hello engine");
  ofPage?.close();
  requestPort(window, frame);
  expect(engine.posted).toHaveLength(2);
  for (const { ports } of [...frame.posted, ...engine.posted]) for (const port of ports) port.close();
});

test("a port goes to the top frame of our own page and to nobody else", async () => {
  const { window, engine } = await start();
  engine.emit("message", { kind: "ready", version: 1 });
  const top = new StandInFrame("app://station");
  for (const frame of [
    null,
    new StandInFrame("app://station", top),
    new StandInFrame("https://example.com"),
    new StandInFrame("app://elsewhere"),
    new StandInFrame("null"),
  ])
    requestPort(window, frame);
  requestPort(window, top, {});
  expect(engine.posted).toEqual([]);
  expect(top.posted).toEqual([]);
});

test("a crashed engine is started again with growing pauses, and not without end", async () => {
  await start();
  for (let crash = 1; crash <= 5; crash += 1) {
    StandInProcess.all.at(-1)?.emit("exit", 1);
    vi.advanceTimersByTime(499);
    expect(StandInProcess.all).toHaveLength(crash);
    vi.advanceTimersByTime(10_000);
    expect(StandInProcess.all).toHaveLength(crash + 1);
  }
  electron.pressed = 0;
  StandInProcess.all.at(-1)?.emit("exit", 1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(electron.messages[0]?.message).toBe("The engine stopped 6 times in a short time. Call support.");
  expect(StandInProcess.all).toHaveLength(7);
  expect(StandInProcess.all[6]).toMatchObject({ entryPath: "/entry.ts", args: ["--data", "/d"] });
});

test("an engine that cannot start says why, once, and is not started again by itself", async () => {
  const { engine } = await start();
  engine.emit("message", {
    kind: "failed",
    failure: { code: "data.in-use", details: { path: "/d", pid: 7 } },
  });
  engine.emit("exit", 1);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(electron.messages.map(({ message }) => message)).toEqual([
    "The data folder /d is already used by process 7.",
  ]);
  expect(StandInProcess.all).toHaveLength(1);
});

test("nonsense from the engine is ignored", async () => {
  const { engine } = await start();
  for (const message of [
    null,
    7,
    "ready",
    { kind: "ready" },
    { kind: "ready", version: 99 },
    { kind: "failed", failure: { code: "no.such" } },
  ])
    engine.emit("message", message);
  expect(electron.messages).toEqual([]);
  expect(engine.posted).toEqual([]);
});

test("a crashed page is loaded again with growing pauses and a bound; a hung one is ended first", async () => {
  const { window } = await start();
  window.webContents.emit("render-process-gone", {}, { reason: "clean-exit" });
  vi.advanceTimersByTime(60_000);
  expect(window.webContents.reloads).toBe(0);
  window.emit("unresponsive");
  expect(window.webContents.crashes).toBe(1);
  for (let crash = 0; crash < 10; crash += 1) {
    vi.advanceTimersByTime(10_000);
    window.webContents.emit("render-process-gone", {}, { reason: "crashed" });
  }
  vi.advanceTimersByTime(10_000);
  expect(window.webContents.reloads).toBe(5);
});

test("quitting waits for the engine, and not longer than the deadline", async () => {
  const { engine } = await start();
  electron.app.emit("window-all-closed");
  electron.app.quit();
  expect(engine.posted).toEqual([{ message: { kind: "stop", deadlineMs: 10_000 }, ports: [] }]);
  expect(electron.app.exited).toBe(false);
  engine.emit("exit", 0);
  await vi.advanceTimersByTimeAsync(0);
  expect(electron.app.exited).toBe(true);
  expect(StandInProcess.all).toHaveLength(1);
});

test("an engine that does not stop is ended at the deadline", async () => {
  const { engine } = await start();
  electron.app.quit();
  await vi.advanceTimersByTimeAsync(9_999);
  expect(engine.killed).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(engine.killed).toBe(true);
  expect(electron.app.exited).toBe(true);
});

test("a second start shows the first one's window and starts nothing", async () => {
  const { window } = await start();
  electron.app.emit("second-instance");
  expect(window.focused).toBe(true);
  resetElectron();
  electron.app.locked = false;
  await startShell({
    kiosk: false,
    engineArgs: [],
    paths: { staticDir, preloadPath: "", engineEntryPath: "" },
  });
  expect([electron.app.exited, StandInWindow.all, StandInProcess.all]).toEqual([true, [], []]);
});
