import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, relative } from "node:path";
import { runTool } from "../run-tool.ts";
import { canInstall, runApt, updateLists } from "./needs.ts";

/** A stock Debian kernel, cut down to what the rig loads. */
export type Kernel = {
  readonly version: string;
  readonly imagePath: string;
  /** A folder to lie at /lib/modules of the guest. */
  readonly modulesFolder: string;
  /** What the first process loads to reach the root file system, in order, below the modules folder. */
  readonly bootModules: readonly string[];
};

const bootNames = ["virtio_pci", "9pnet_virtio", "9p", "overlay"];
const deviceNames = [
  ["xhci-pci", "ftdi_sio"],
  ["vhci-hcd", "usblp", "usbhid", "hid-generic"],
  ["dummy_hcd", "libcomposite", "usb_f_acm", "cdc-acm"],
].flat();

/** A Kernel, or one sentence saying why there is none. */
export function findKernel(cacheFolder: string, say: (line: string) => void): Kernel | string {
  const cached = listCached(cacheFolder);
  const wanted = resolveVersion(cached.length === 0);
  if (wanted !== null && cached.includes(wanted)) return readCached(cacheFolder, wanted);
  if (wanted !== null && canInstall()) {
    say(`downloading with apt-get: linux-image-${wanted} (70 MB)`);
    const trouble = fetchKernel(cacheFolder, wanted);
    if (trouble === null) {
      for (const old of cached) rmSync(join(cacheFolder, old), { recursive: true });
      return readCached(cacheFolder, wanted);
    }
    say(`no new kernel: ${trouble}`);
  }
  const newest = cached.at(-1);
  if (newest !== undefined) return readCached(cacheFolder, newest);
  return "no Debian kernel (linux-image-amd64) could be downloaded, and none is in the cache";
}

function listCached(cacheFolder: string): string[] {
  if (!existsSync(cacheFolder)) return [];
  const names = readdirSync(cacheFolder);
  return names.filter((name) => existsSync(join(cacheFolder, name, "kernel.json"))).toSorted();
}

function readCached(cacheFolder: string, version: string): Kernel {
  const folder = join(cacheFolder, version);
  const { bootModules } = JSON.parse(readFileSync(join(folder, "kernel.json"), "utf8"));
  return { version, imagePath: join(folder, "image"), modulesFolder: join(folder, "modules"), bootModules };
}

/** What the package linux-image-amd64 stands for today: a kernel's version changes with every update. */
function resolveVersion(mayUpdate: boolean): string | null {
  const { output } = runTool("apt-cache", ["depends", "linux-image-amd64"]);
  const version = /Depends: linux-image-(\S+-amd64)/.exec(output)?.[1];
  if (version !== undefined) return version;
  return mayUpdate && canInstall() && updateLists() ? resolveVersion(false) : null;
}

const workPrefix = ".fetching-";
const abandonedAfterMs = 3_600_000;
/** A fetch that was killed could not clear up after itself. */
function removeAbandoned(cacheFolder: string): void {
  for (const name of readdirSync(cacheFolder).filter((entry) => entry.startsWith(workPrefix))) {
    const path = join(cacheFolder, name);
    if (Date.now() - statSync(path).mtimeMs > abandonedAfterMs) rmSync(path, { recursive: true });
  }
}

/** Everything happens in a folder of its own and is renamed at the end: a broken download is never a cache. */
function fetchKernel(cacheFolder: string, version: string): string | null {
  mkdirSync(cacheFolder, { recursive: true });
  removeAbandoned(cacheFolder);
  const work = mkdtempSync(join(cacheFolder, workPrefix));
  const all = join(work, "all");
  try {
    const download = ["-o", "APT::Sandbox::User=root", "download", `linux-image-${version}`];
    if (!runApt(download, work)) return `apt-get could not download linux-image-${version}`;
    const archive = readdirSync(work).find((name) => name.endsWith(".deb")) ?? "";
    const unpacked = runTool("dpkg-deb", ["-x", join(work, archive), all], { timeoutMs: 120_000 });
    if (!unpacked.worked) return unpacked.error;
    const kept = join(work, "kept");
    const trouble = keepNeeded(all, version, kept);
    if (trouble === null) renameSync(kept, join(cacheFolder, version));
    return trouble;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function keepNeeded(all: string, version: string, kept: string): string | null {
  const indexed = runTool("depmod", ["-b", all, version]);
  if (!indexed.worked) return indexed.error;
  const from = join(all, "lib/modules");
  const trimmed = join(kept, "..", "trimmed");
  const to = join(trimmed, "lib/modules");
  const bootModules = listWithDependencies(all, version, bootNames);
  const indexInputs = ["modules.order", "modules.builtin", "modules.builtin.modinfo"];
  const paths = [...bootModules, ...listWithDependencies(all, version, deviceNames)];
  for (const path of [...paths, ...indexInputs.map((name) => join(version, name))]) {
    mkdirSync(dirname(join(to, path)), { recursive: true });
    cpSync(join(from, path), join(to, path));
  }
  const indexedAgain = runTool("depmod", ["-b", trimmed, version]);
  if (!indexedAgain.worked) return indexedAgain.error;
  mkdirSync(kept);
  renameSync(to, join(kept, "modules"));
  const image = join(all, "boot", `vmlinuz-${version}`);
  if (!unpackImage(image, join(kept, "image"))) cpSync(image, join(kept, "image"));
  writeFileSync(join(kept, "kernel.json"), JSON.stringify({ bootModules }));
  return null;
}

/**
 * Takes the kernel out of its self-extracting image (Debian packs it with xz): unpacking itself costs an emulated
 * processor ten seconds of every boot. false: packed otherwise; the image boots as well, only later.
 */
function unpackImage(packed: string, unpacked: string): boolean {
  const bytes = readFileSync(packed);
  const at = bytes.indexOf(Buffer.from("fd377a585a00", "hex"));
  if (at < 0) return false;
  writeFileSync(unpacked, bytes.subarray(at));
  const command = 'xz --decompress --single-stream --stdout < "$0" > "$0.elf" && mv "$0.elf" "$0"';
  return runTool("sh", ["-c", command, unpacked]).worked;
}

/** Paths below lib/modules, each after what it depends on. */
function listWithDependencies(base: string, version: string, names: readonly string[]): string[] {
  const found = names.flatMap((name) => {
    const { output } = runTool("modprobe", ["-d", base, "-S", version, "--show-depends", name]);
    return output.split("\n").flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []);
  });
  return [...new Set(found)].map((path) => relative(join(base, "lib/modules"), path));
}
