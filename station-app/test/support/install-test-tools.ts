import { spawnSync } from "node:child_process";
import { accessSync, constants, existsSync } from "node:fs";
import { delimiter, join } from "node:path";

/** Run before `npm test`: some tests need a program that npm cannot bring. Never asks anything. */
type Tool = { readonly debianPackage: string; readonly use: string; readonly present: () => boolean };

const tools: readonly Tool[] = [
  { debianPackage: "chromium", use: "the screens", present: () => hasProgram("chromium") },
  { debianPackage: "socat", use: "serial lines", present: () => hasProgram("socat") },
  { debianPackage: "gcc", use: "the power-cut test", present: () => hasProgram("gcc") },
  {
    debianPackage: "libc6-dev",
    use: "the power-cut test",
    present: () => existsSync("/usr/include/stdio.h"),
  },
];

/** Independent peers of our protocols: without them their tests are skipped and say so, and nothing else suffers. */
const peers: readonly Tool[] = [
  { debianPackage: "mbpoll", use: "Modbus from elsewhere", present: () => hasProgram("mbpoll") },
  {
    debianPackage: "python3-pymodbus",
    use: "Modbus from elsewhere",
    present: () => existsSync("/usr/lib/python3/dist-packages/pymodbus"),
  },
  {
    debianPackage: "python3-serial-asyncio",
    use: "Modbus from elsewhere",
    present: () => existsSync("/usr/lib/python3/dist-packages/serial_asyncio"),
  },
  { debianPackage: "umockdev", use: "USB scales without USB", present: () => hasProgram("umockdev-run") },
  { debianPackage: "cups", use: "print queues", present: () => existsSync("/usr/sbin/cupsd") },
  { debianPackage: "cups-client", use: "print queues", present: () => hasProgram("lpstat") },
];

function hasProgram(name: string): boolean {
  return (process.env.PATH ?? "").split(delimiter).some((folder) => isExecutable(join(folder, name)));
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** Says in one sentence what is wanted; `null` when everything is there. */
function installMissing(): string | null {
  const missing = tools.filter((tool) => !tool.present());
  if (missing.length === 0) return null;
  const packages = missing.map((tool) => tool.debianPackage);
  const wanted = missing.map((tool) => `${tool.debianPackage} (for ${tool.use})`).join(", ");
  if (process.getuid?.() !== 0 || !isExecutable("/usr/bin/apt-get")) {
    return `The tests need programs that are not installed: ${wanted}. On Debian: sudo apt-get install ${packages.join(" ")}`;
  }
  console.log(`Installing what the tests need: ${wanted}.`);
  const installed =
    runAptGet("update") && runAptGet("install", "--yes", "--no-install-recommends", ...packages);
  return installed ? null : `apt-get could not install ${packages.join(" ")}; its message is above.`;
}

/** Wanted, not needed: a machine that cannot have them runs everything else. */
function installPeers(): void {
  const missing = peers.filter((tool) => !tool.present());
  if (missing.length === 0 || process.getuid?.() !== 0 || !isExecutable("/usr/bin/apt-get")) return;
  console.log(
    `Installing peers to test against: ${missing.map((tool) => `${tool.debianPackage} (${tool.use})`).join(", ")}.`,
  );
  const packages = missing.map((tool) => tool.debianPackage);
  if (!(runAptGet("update") && runAptGet("install", "--yes", "--no-install-recommends", ...packages)))
    console.log("They could not be installed; the tests that need them are skipped.");
}

function runAptGet(...args: string[]): boolean {
  const env = { ...process.env, DEBIAN_FRONTEND: "noninteractive" };
  return (
    spawnSync("/usr/bin/apt-get", ["-q", ...args], { env, stdio: ["ignore", "inherit", "inherit"] })
      .status === 0
  );
}

const complaint = installMissing();
installPeers();
if (complaint !== null) {
  console.error(complaint);
  process.exitCode = 1;
}
