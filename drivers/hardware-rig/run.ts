import { spawnSync } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { exchangeFiles, type ResultLine } from "./commands.ts";
import { cacheFolder } from "./config.ts";
import { serveExchange } from "./host/exchange.ts";
import { createInitialRamDisk } from "./host/initial-ram-disk.ts";
import { findKernel, type Kernel } from "./host/kernel-cache.ts";
import { meetNeeds } from "./host/needs.ts";
import { createSerialAdapter } from "./host/serial-adapter.ts";
import { type Machine, startMachine } from "./host/virtual-machine.ts";

/**
 * `npm run test:hardware [suite...]`: boots a stock Debian kernel in QEMU and drives its real device nodes with the
 * product's own transports and families. Exit 0 without a machine to boot says why; exit 1 only for failures.
 */
const timeLimitSeconds = 240;
const guestProgram = new URL("./guest/main.ts", import.meta.url);
const say = (line: string) => console.log(line);

const missing = meetNeeds(say);
const kernel = missing ?? findKernel(cacheFolder(), say);
if (typeof kernel === "string") say(`skipped: ${kernel}`);
else process.exitCode = (await runRig(kernel, process.argv.slice(2))) ? 0 : 1;

async function runRig(booted: Kernel, suites: readonly string[]): Promise<boolean> {
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), "waystation-rig-"));
  const tally = createTally(startedMs);
  const machine = startMachine(prepareFiles(folder, booted, suites), timeLimitSeconds);
  const adapter = createSerialAdapter(join(folder, "line"));
  const exchange = serveExchange(folder, {
    obey: adapter.obey,
    onResult: (result) => {
      tally.add(result);
      // nothing is left to be known from the guest: it need not shut down in order
      if (result.line === "end") machine.stop();
    },
  });
  const release = stopOnSignal(machine);
  try {
    const { timedOut } = await machine.ended;
    exchange.stop();
    return tally.finish(machine.console(), timedOut);
  } finally {
    release();
    await adapter.unplug();
    rmSync(folder, { recursive: true, force: true });
  }
}

function prepareFiles(folder: string, booted: Kernel, suites: readonly string[]) {
  const initialRamDisk = join(folder, "initrd");
  const disk = createInitialRamDisk(booted, {
    modulesFolder: realpathSync(booted.modulesFolder),
    node: realpathSync(process.execPath),
    script: fileURLToPath(guestProgram),
  });
  writeFileSync(initialRamDisk, disk);
  writeFileSync(join(folder, exchangeFiles.plan), JSON.stringify({ suites }));
  compileAhead(join(folder, exchangeFiles.compiled));
  return {
    kernelImage: booted.imagePath,
    initialRamDisk,
    exchangeFolder: folder,
    serialSocket: join(folder, "line"),
  };
}

/** Stripping types is slow on an emulated processor: the same node does it here, and the guest finds it done. */
function compileAhead(cache: string): void {
  spawnSync(
    process.execPath,
    ["--input-type=module", "--eval", `await import(${JSON.stringify(guestProgram.href)})`],
    {
      env: { NODE_COMPILE_CACHE: cache },
      stdio: "ignore",
      timeout: 60_000,
    },
  );
}

function createTally(startedMs: number) {
  let passed = 0;
  let failed = 0;
  let hasEnded = false;

  const add = (result: ResultLine) => {
    if (result.line === "end") hasEnded = true;
    if (result.line === "begin") {
      const { kernel: version, bootSeconds, loadSeconds } = result;
      say(
        `${version} in QEMU: booted in ${bootSeconds.toFixed(0)} s, drivers loaded in ${loadSeconds.toFixed(0)} s`,
      );
    }
    if (result.line === "skipped") say(`skipped  ${result.suite}: ${result.reason}`);
    if (result.line === "note") say(`      ${result.text}`);
    if (result.line !== "test") return;
    if (result.error === null) passed += 1;
    else failed += 1;
    const seconds = (result.milliseconds / 1000).toFixed(1);
    say(`${result.error === null ? "ok  " : "FAIL"}  ${result.suite}: ${result.name}  ${seconds} s`);
    if (result.error !== null) say(result.error.replace(/^/gm, "      "));
  };

  const finish = (machineConsole: string, timedOut: boolean): boolean => {
    if (!hasEnded) {
      failed += 1;
      say(
        `FAIL  the guest ${timedOut ? `was still running after ${timeLimitSeconds} s` : "ended too early"}`,
      );
    }
    if (failed > 0)
      say(
        `console of the guest:\n${machineConsole.replaceAll("\r", "").slice(-4000).replace(/^/gm, "  | ")}`,
      );
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(0);
    say(`${passed} passed, ${failed} failed in ${seconds} s`);
    return failed === 0;
  };
  return { add, finish };
}

/** Ctrl+C and a CI's stop end QEMU first; the rest of the way out is the ordinary one. */
function stopOnSignal(machine: Machine): () => void {
  const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
  for (const signal of signals) process.once(signal, machine.stop);
  return () => {
    for (const signal of signals) process.off(signal, machine.stop);
  };
}
