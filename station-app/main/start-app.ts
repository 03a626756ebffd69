import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildScreen, buildShell } from "./build-shell.ts";
import { findElectron } from "./find-electron.ts";

/** `npm run app`: builds the shell and the screen and opens the desktop app, where Electron's program is there. */
const electronPath = findElectron(process.env.ELECTRON_OVERRIDE_DIST_PATH);

if (electronPath === null) {
  process.stderr.write(
    "The desktop app needs Electron's program, which is not on this machine: fetch it with `npx install-electron`, or name its folder in ELECTRON_OVERRIDE_DIST_PATH; without it, `npm start` shows the same screen in a browser.\n",
  );
  process.exitCode = 1;
} else {
  await Promise.all([buildShell(), buildScreen()]);
  const shell = spawn(
    electronPath,
    [join(import.meta.dirname, "../dist/main/main.js"), ...process.argv.slice(2)],
    { stdio: "inherit" },
  );
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.on(signal, () => shell.kill(signal));
  shell.on("error", (error) => {
    process.stderr.write(`Electron's program cannot be started: ${error.message}\n`);
    process.exitCode = 1;
  });
  shell.on("exit", (code) => {
    process.exitCode = code ?? 1;
  });
}
