import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { Duplex } from "node:stream";
import { until } from "../../../conformance/recorder.ts";
import { answerStandard, type UsbIdentity } from "./descriptors.ts";
import { createMessageReader, type Setup, type Submit } from "./usbip-message.ts";
import { type UsbMessage, writeSubmitted, writeUnlinked } from "./usbip-message.ts";

/** A USB device of this process: what it is and how it answers. */
export type UsbDevice = {
  readonly identity: UsbIdentity;
  /** Class requests; `data` came with an outgoing one. null stalls. */
  readonly onControl: (setup: Setup, data: Uint8Array) => Uint8Array | null;
  /** Bytes on an OUT endpoint. false: not taken, the transfer stays under way until the cable is pulled. */
  readonly onOut?: (bytes: Uint8Array) => boolean;
};

export type PluggedDevice = {
  /** One transfer on an IN endpoint (its number without the direction bit); waits until the host asks. */
  readonly send: (endpoint: number, bytes: Uint8Array) => void;
  /** Whether the host waits for a transfer from the device now. */
  readonly isAwaited: () => boolean;
  readonly unplug: () => Promise<void>;
};

const controller = "/sys/devices/platform/vhci_hcd.0";
const highSpeed = 3;
const status = { stalled: -32, unlinked: -104 };

/**
 * Plugs the device into the kernel's virtual host controller (vhci_hcd): from there on every driver, node and
 * library meets it as they would a real one.
 */
export async function plugUsbDevice(device: UsbDevice): Promise<PluggedDevice> {
  const port = findFreePort();
  const line = await attachLine(port);
  const waiting = createTransferQueues((bytes) => line.write(bytes));
  const read = createMessageReader((message) => answerMessage(device, waiting, message));
  line.on("data", read);
  line.on("error", () => undefined);
  const hasEnded = { value: false };
  line.once("close", () => {
    hasEnded.value = true;
  });
  return {
    send: waiting.send,
    isAwaited: waiting.isAwaited,
    unplug: async () => {
      if (hasEnded.value) return;
      writeFileSync(`${controller}/detach`, String(port));
      await until(() => hasEnded.value, "the kernel lets the device go");
    },
  };
}

/** Lines of `status`: hub, port, state (004 is free), speed, device, socket, bus id. */
function findFreePort(): number {
  for (const line of readFileSync(`${controller}/status`, "latin1").split("\n")) {
    const [hub, port, state] = line.trim().split(/\s+/);
    if (hub === "hs" && state === "004") return Number(port);
  }
  throw new Error("no free port at the virtual host controller");
}

/** The kernel takes over one end of a socket by its number in the writing process: a child's descriptor 3. */
async function attachLine(port: number): Promise<Duplex> {
  const deviceId = (1 << 16) | (port + 2);
  const order = `${port} 3 ${deviceId} ${highSpeed}`;
  const child = spawn("sh", ["-c", 'echo "$0" > "$1"', order, `${controller}/attach`], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
  });
  const line = child.stdio[3];
  if (!(line instanceof Duplex)) throw new Error("no socket to the child");
  line.pause();
  const code = await new Promise((resolve) => child.once("exit", resolve));
  if (code !== 0) throw new Error(`the virtual host controller refused port ${port}`);
  return line;
}

function createTransferQueues(write: (bytes: Buffer) => void) {
  const asked: Submit[] = [];
  const ready: { readonly endpoint: number; readonly bytes: Uint8Array }[] = [];

  const match = () => {
    for (const request of [...asked]) {
      const at = ready.findIndex((transfer) => transfer.endpoint === request.endpoint);
      const transfer = ready[at];
      if (!request.isIn || transfer === undefined) continue;
      ready.splice(at, 1);
      asked.splice(asked.indexOf(request), 1);
      finish(request, transfer.bytes);
    }
  };
  const finish = (request: Submit, answer: Uint8Array | null) => {
    if (answer === null) return write(writeSubmitted(request.sequence, status.stalled, 0));
    if (!request.isIn) return write(writeSubmitted(request.sequence, 0, request.length));
    const bytes = answer.subarray(0, request.length);
    write(writeSubmitted(request.sequence, 0, bytes.length, bytes));
  };

  return {
    finish,
    isAwaited: () => asked.some((request) => request.isIn),
    hold: (request: Submit) => {
      asked.push(request);
      match();
    },
    send: (endpoint: number, bytes: Uint8Array) => {
      ready.push({ endpoint, bytes: Uint8Array.from(bytes) });
      match();
    },
    unlink: (sequence: number, victim: number) => {
      const at = asked.findIndex((request) => request.sequence === victim);
      if (at >= 0) asked.splice(at, 1);
      write(writeUnlinked(sequence, at >= 0 ? status.unlinked : 0));
    },
  };
}

function answerMessage(
  device: UsbDevice,
  queues: ReturnType<typeof createTransferQueues>,
  message: UsbMessage,
): void {
  if (message.message === "unlink") return queues.unlink(message.sequence, message.victim);
  if (message.endpoint === 0) {
    const standard = answerStandard(device.identity, message.setup);
    const answer = standard === undefined ? device.onControl(message.setup, message.data) : standard;
    return queues.finish(message, answer);
  }
  if (message.isIn) return queues.hold(message);
  const isTaken = device.onOut?.(Uint8Array.from(message.data)) ?? true;
  if (isTaken) queues.finish(message, new Uint8Array());
  else queues.hold(message);
}
