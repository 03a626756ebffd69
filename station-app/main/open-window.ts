import { shellOrigin } from "@waystation/shared/wire/shell-bridge";
import { BrowserWindow } from "electron";
import { createRestartPolicy } from "./restart-policy.ts";

export type WindowOptions = {
  readonly kiosk: boolean;
  readonly preloadPath: string;
  /** Developer tools only in a checkout. */
  readonly devTools: boolean;
  readonly nowMs?: () => number;
};

/** The one window. A page that crashes or hangs is loaded again, with growing pauses and a bound. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const window = new BrowserWindow({
    width: 1280,
    height: 800,
    minWidth: 1024,
    minHeight: 640,
    kiosk: options.kiosk,
    show: false,
    autoHideMenuBar: true,
    backgroundColor: "#0b0f14",
    webPreferences: {
      preload: options.preloadPath,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      webviewTag: false,
      navigateOnDragDrop: false,
      spellcheck: false,
      devTools: options.devTools,
      // Behind another window the screen must still say hello to the engine.
      backgroundThrottling: false,
    },
  });
  window.once("ready-to-show", () => window.show());
  reloadAfterCrash(window, options.nowMs ?? (() => performance.now()));
  void window.loadURL(`${shellOrigin}/`).catch(() => undefined);
  return window;
}

function reloadAfterCrash(window: BrowserWindow, nowMs: () => number): void {
  const policy = createRestartPolicy(nowMs);
  window.webContents.on("render-process-gone", (_event, { reason }) => {
    if (reason === "clean-exit") return;
    const pauseMs = policy.nextPauseMs();
    if (pauseMs === null) return;
    setTimeout(() => {
      if (!window.isDestroyed()) window.webContents.reload();
    }, pauseMs);
  });
  // A hung page shows old verdicts; ending it leads to the line above.
  window.on("unresponsive", () => window.webContents.forcefullyCrashRenderer());
}
