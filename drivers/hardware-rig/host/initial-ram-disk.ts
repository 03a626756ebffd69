import { readFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { exchangeFiles } from "../commands.ts";
import type { Kernel } from "./kernel-cache.ts";

type Entry = { readonly path: string; readonly mode: number; readonly bytes: Uint8Array };

const folder = (path: string): Entry => ({ path, mode: 0o040755, bytes: new Uint8Array() });
const program = (path: string, bytes: Uint8Array): Entry => ({ path, mode: 0o100755, bytes });

/**
 * The guest's first process: mounts the host's root (read-only) below a layer in memory, and the exchange folder,
 * then hands over to node. What the guest changes lives in memory and ends with it.
 */
const firstProcess = (guest: GuestStart) => `#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t proc proc /proc; mount -t sysfs sys /sys; mount -t devtmpfs dev /dev
for module in /modules/*; do insmod $module; done
share=trans=virtio,version=9p2000.L,msize=512000
mount -t 9p -o $share,cache=loose,ro hostroot /below || echo "rig: no root"
mount -t tmpfs tmpfs /above; mkdir /above/files /above/work
mount -t overlay -o lowerdir=/below,upperdir=/above/files,workdir=/above/work overlay /root
mount -t proc proc /root/proc; mount -t sysfs sys /root/sys; mount -t devtmpfs dev /root/dev
mkdir -p /root/dev/pts /root/dev/shm /root${exchangeFiles.guestFolder}
mount -t devpts devpts /root/dev/pts; mount -t tmpfs run /root/run
mount -t 9p -o $share,cache=none exchange /root${exchangeFiles.guestFolder} || echo "rig: no exchange"
mkdir -p /root/lib/modules; mount -o bind '/root${guest.modulesFolder}' /root/lib/modules
chroot /root /bin/sh -c '
  export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root SYSTEMD_IGNORE_CHROOT=1
  export NO_COLOR=1 NODE_DISABLE_COLORS=1
  export NODE_COMPILE_CACHE=${exchangeFiles.guestFolder}/${exchangeFiles.compiled}
  mkdir -p /run/udev; /lib/systemd/systemd-udevd --daemon
  exec "${guest.node}" "${guest.script}"'
echo "rig: guest ended with $?"
echo o > /proc/sysrq-trigger
sleep 10
`;

export type GuestStart = {
  readonly modulesFolder: string;
  readonly node: string;
  readonly script: string;
};

export function createInitialRamDisk(kernel: Kernel, guest: GuestStart): Uint8Array {
  const modules = kernel.bootModules.map((path, index) =>
    program(
      `modules/${String(index).padStart(2, "0")}-${basename(path)}`,
      readFileSync(join(kernel.modulesFolder, path)),
    ),
  );
  const entries = [
    ...["bin", "modules", "proc", "sys", "dev", "below", "above", "root"].map(folder),
    program("bin/busybox", readFileSync("/bin/busybox")),
    program("init", Buffer.from(firstProcess(guest))),
    ...modules,
  ];
  return gzipSync(writeArchive(entries), { level: 1 });
}

/** The cpio format "newc": a header of hexadecimal fields, the name, the bytes, each padded to four. */
function writeArchive(entries: readonly Entry[]): Uint8Array {
  const end: Entry = { path: "TRAILER!!!", mode: 0, bytes: new Uint8Array() };
  return Buffer.concat([...entries, end].flatMap((entry, index) => writeEntry(entry, index + 1)));
}

function writeEntry({ path, mode, bytes }: Entry, inode: number): Uint8Array[] {
  const links = 1;
  const fields = [inode, mode, 0, 0, links, 0, bytes.length, 0, 0, 0, 0, path.length + 1, 0];
  const header = `070701${fields.map((field) => field.toString(16).padStart(8, "0")).join("")}${path}\0`;
  return [padToFour(Buffer.from(header, "latin1")), padToFour(bytes)];
}

const padToFour = (bytes: Uint8Array): Uint8Array =>
  Buffer.concat([bytes, new Uint8Array((4 - (bytes.length % 4)) % 4)]);
