import { join, resolve } from "node:path";
import { app } from "electron";
import { startShell } from "./start-shell.ts";

/** Entry of the desktop app. Built to `dist/main/main.js`; the other built parts lie beside it. */
const dist = join(import.meta.dirname, "..");
const { commandLine } = app;

void startShell({
  kiosk: commandLine.hasSwitch("kiosk"),
  // `--config=engine.json` as the headless engine takes it, without `screen`: the screen is this window.
  engineArgs: [resolve(commandLine.getSwitchValue("config") || join(app.getPath("userData"), "engine.json"))],
  paths: {
    staticDir: join(dist, "renderer"),
    preloadPath: join(dist, "preload", "preload.cjs"),
    engineEntryPath: app.isPackaged
      ? join(dist, "engine", "entry.js")
      : join(dist, "..", "engine", "entry.ts"),
  },
});
