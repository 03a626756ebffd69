#!/usr/bin/env node
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";

/** The `waystation` command. Looks at the Node it runs on before anything that needs a newer one is loaded. */
const oldestNode = 24;
const ownNode = join(import.meta.dirname, "../../node_modules/.bin/node");

if (Number.parseInt(process.versions.node, 10) >= oldestNode) {
  // Whoever reads our output may close it early (`| head`): that is no reason to leave processes behind.
  process.stdout.on("error", () => {});
  const { runProgram } = await import("./program.ts");
  await runProgram(process.argv);
} else if (existsSync(ownNode)) {
  const { status } = spawnSync(ownNode, process.argv.slice(1), { stdio: "inherit" });
  process.exitCode = status ?? 1;
} else {
  process.stderr.write(
    `Waystation needs Node ${oldestNode} or newer, this is ${process.version}. Run \`npm ci\`, which brings one.\n`,
  );
  process.exitCode = 1;
}
