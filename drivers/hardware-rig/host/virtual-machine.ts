import { spawn } from "node:child_process";

export type MachineFiles = {
  readonly kernelImage: string;
  readonly initialRamDisk: string;
  readonly exchangeFolder: string;
  /** QEMU listens here: a caller plugs the USB serial adapter in, hanging up pulls it. */
  readonly serialSocket: string;
};

export type Machine = {
  /** Resolves when QEMU has ended, however it did. */
  readonly ended: Promise<{ readonly timedOut: boolean }>;
  readonly console: () => string;
  readonly stop: () => void;
};

const consoleLimit = 64 * 1024;

/**
 * Software emulation always: /dev/kvm may exist and still not boot a stock kernel. One processor is steadier.
 * `timeout` stands around QEMU so that even a killed rig leaves no machine running.
 */
export function startMachine(files: MachineFiles, timeLimitSeconds: number): Machine {
  const child = spawn(
    "timeout",
    ["--kill-after=5", String(timeLimitSeconds), "qemu-system-x86_64", ...listArguments(files)],
    { stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  const keep = (chunk: Buffer) => {
    text = (text + chunk.toString("latin1")).slice(-consoleLimit);
  };
  child.stdout.on("data", keep);
  child.stderr.on("data", keep);
  const ended = new Promise<{ timedOut: boolean }>((resolve) => {
    child.once("error", (error) => {
      text += error.message;
      resolve({ timedOut: false });
    });
    child.once("close", (code) => resolve({ timedOut: code === 124 || code === 137 }));
  });
  return { ended, console: () => text, stop: () => void child.kill("SIGTERM") };
}

const listArguments = (files: MachineFiles): string[] => [
  ...["-machine", "q35,accel=tcg", "-cpu", "max", "-smp", "1", "-m", "1024"],
  ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-nic", "none"],
  ...["-kernel", files.kernelImage, "-initrd", files.initialRamDisk],
  ...["-append", "console=ttyS0 quiet oops=panic panic=-1", "-serial", "stdio"],
  ...["-fsdev", "local,id=root,path=/,security_model=none,readonly=on,multidevs=remap"],
  ...["-device", "virtio-9p-pci,fsdev=root,mount_tag=hostroot"],
  ...["-fsdev", `local,id=exchange,path=${files.exchangeFolder},security_model=none`],
  ...["-device", "virtio-9p-pci,fsdev=exchange,mount_tag=exchange"],
  ...["-chardev", `socket,id=line,path=${files.serialSocket},server=on,wait=off`],
  ...["-device", "qemu-xhci,id=usb", "-device", "usb-serial,chardev=line,bus=usb.0,serial=RIG1"],
];
