import { join } from "node:path";
import { app } from "electron";
import { startShell } from "./start-shell.ts";

/** Entry of the desktop app. Built to `dist/main/main.js`; the other built parts lie beside it. */
const dist = join(import.meta.dirname, "..");
const kiosk = app.commandLine.hasSwitch("kiosk");

void startShell({
  kiosk,
  // What follows `--` goes to the engine as it is.
  engineArgs: ["--shell", "--data", join(app.getPath("userData"), "data"), ...argsAfterDashes(process.argv)],
  paths: {
    staticDir: join(dist, "renderer"),
    preloadPath: join(dist, "preload", "preload.cjs"),
    engineEntryPath: app.isPackaged
      ? join(dist, "engine", "entry.js")
      : join(dist, "..", "engine", "entry.ts"),
  },
});

function argsAfterDashes(argv: readonly string[]): readonly string[] {
  const at = argv.indexOf("--");
  return at === -1 ? [] : argv.slice(at + 1);
}
