import { existsSync, readFileSync } from "node:fs";
import { runTool, toolFolders } from "../run-tool.ts";

/** Programs of the host the rig cannot do without, and the Debian packages that bring them. */
const needs: readonly { readonly packageName: string; readonly isThere: () => boolean }[] = [
  { packageName: "qemu-system-x86", isThere: () => hasTool("qemu-system-x86_64") },
  { packageName: "kmod", isThere: () => hasTool("depmod") && hasTool("modprobe") },
  { packageName: "udev", isThere: () => existsSync("/lib/systemd/systemd-udevd") },
  { packageName: "busybox-static", isThere: () => isStatic("/bin/busybox") },
];

const hasTool = (name: string) => toolFolders.some((folder) => existsSync(`${folder}/${name}`));

/**
 * The first process of the guest runs before there are any libraries: only a static busybox will do. In its ELF
 * header such a program names no interpreter (program header type 3).
 */
function isStatic(path: string): boolean {
  if (!existsSync(path)) return false;
  const file = readFileSync(path);
  const tableAt = Number(file.readBigUInt64LE(32));
  const entryBytes = file.readUInt16LE(54);
  const types = Array.from({ length: file.readUInt16LE(56) }, (_, index) =>
    file.readUInt32LE(tableAt + index * entryBytes),
  );
  return !types.includes(3);
}

export const canInstall = () =>
  process.getuid?.() === 0 && existsSync("/etc/debian_version") && hasTool("apt-get");

/** Tries again with fresh lists: those of a new container are empty, those of an old one point nowhere. */
export function runApt(args: readonly string[], folder = "/"): boolean {
  const attempt = () => runTool("apt-get", ["-qq", ...args], { folder, timeoutMs: 300_000 }).worked;
  return attempt() || (updateLists() && attempt());
}

let isUpdated = false;
export function updateLists(): boolean {
  if (isUpdated) return false;
  isUpdated = true;
  return runTool("apt-get", ["-qq", "update"], { timeoutMs: 180_000 }).worked;
}

/** null: everything is there; else one sentence about what is missing. */
export function meetNeeds(say: (line: string) => void): string | null {
  if (process.platform !== "linux" || process.arch !== "x64") return "the rig needs Linux on x86-64";
  const missing = listMissing();
  if (missing.length === 0) return null;
  if (!canInstall())
    return `${missing.join(", ")} must be installed (the rig does so as root on Debian only)`;
  say(`installing with apt-get: ${missing.join(" ")}`);
  runApt(["install", "-y", "--no-install-recommends", ...missing]);
  const stillMissing = listMissing();
  return stillMissing.length === 0 ? null : `apt-get could not install ${stillMissing.join(", ")}`;
}

const listMissing = () => needs.filter((need) => !need.isThere()).map((need) => need.packageName);
