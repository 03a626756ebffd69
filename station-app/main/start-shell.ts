import { describeFailure, type FailureCode } from "@waystation/shared/failures/catalog";
import type { Language } from "@waystation/shared/failures/language";
import type { Failure } from "@waystation/shared/failures/result";
import { portChannel } from "@waystation/shared/wire/shell-bridge";
import {
  app,
  type BrowserWindow,
  crashReporter,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  powerSaveBlocker,
  session,
} from "electron";
import { confineContents, denyPermissions, isOwnTopFrame } from "./guard-session.ts";
import { openWindow } from "./open-window.ts";
import { registerScreenScheme, serveScreen } from "./serve-screen.ts";
import { type Engine, superviseEngine } from "./supervise-engine.ts";

export type ShellPaths = {
  /** The built screen. */
  readonly staticDir: string;
  readonly preloadPath: string;
  readonly engineEntryPath: string;
};

export type ShellOptions = {
  readonly paths: ShellPaths;
  readonly kiosk: boolean;
  readonly engineArgs: readonly string[];
};

const engineDeadlineMs = 10_000;

/** Windows, permissions and lifetimes; no word of the trade is known here. Call it before the app is ready. */
export async function startShell(options: ShellOptions): Promise<void> {
  // Two engines on one data folder would not both run; the second start shows the first one's window.
  if (!app.requestSingleInstanceLock()) return app.quit();
  app.enableSandbox();
  registerScreenScheme();
  crashReporter.start({ uploadToServer: false });
  app.on("web-contents-created", (_event, contents) => confineContents(contents));
  await app.whenReady();

  Menu.setApplicationMenu(null);
  powerSaveBlocker.start("prevent-display-sleep");
  denyPermissions(session.defaultSession);
  serveScreen(session.defaultSession, options.paths.staticDir);

  const engine = superviseEngine({
    entryPath: options.paths.engineEntryPath,
    args: options.engineArgs,
    onGivenUp: (failure) => void tell(window, failure, engine),
  });
  const window = openWindow({
    kiosk: options.kiosk,
    preloadPath: options.paths.preloadPath,
    devTools: !app.isPackaged,
  });
  brokerPorts(window, engine);
  app.on("second-instance", () => {
    if (window.isMinimized()) window.restore();
    window.focus();
  });
  quitCleanly(engine);
}

/** Every request of our own page gets a fresh channel: one end to the page, the other to the engine. */
function brokerPorts(window: BrowserWindow, engine: Engine): void {
  ipcMain.on(portChannel, (event) => {
    const frame = event.senderFrame;
    if (event.sender !== window.webContents || !isOwnTopFrame(frame)) return;
    const { port1, port2 } = new MessageChannelMain();
    engine.attachScreen(port2);
    frame.postMessage(portChannel, null, [port1]);
  });
}

/** The engine first finishes what is under way; only then the app goes. */
function quitCleanly(engine: Engine): void {
  let stopped = false;
  let stopping = false;
  app.on("window-all-closed", () => app.quit());
  app.on("before-quit", (event) => {
    if (stopped) return;
    event.preventDefault();
    if (stopping) return;
    stopping = true;
    void engine.stop(engineDeadlineMs).then(() => {
      stopped = true;
      app.quit();
    });
  });
}

async function tell(window: BrowserWindow, failure: Failure, engine: Engine): Promise<void> {
  const language: Language = app.getLocale().startsWith("zh") ? "zh" : "en";
  const buttons = { en: ["Start again", "Quit"], zh: ["重新启动", "退出"] }[language];
  const code: FailureCode = failure.code;
  const { response } = await dialog.showMessageBox(window, {
    type: "error",
    title: "Waystation",
    message: describeFailure(failure, language),
    detail: [code, failure.cause].filter((line) => line !== undefined).join("\n"),
    buttons,
    noLink: true,
  });
  if (response === 0) engine.startAgain();
  else app.quit();
}
