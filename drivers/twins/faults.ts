import { z } from "zod";

/** What can go wrong with a message on its way out. `count` messages are hit; absent: all until "clear". */
export const lineFaults = ["drop", "silent", "garble", "late", "noise", "duplicate", "split"] as const;

export const faultCommandSchema = z.strictObject({
  command: z.literal("fault"),
  fault: z.enum(lineFaults),
  count: z.int().min(1).optional(),
  delayMs: z.int().min(1).max(60_000).default(500),
});
export const clearCommandSchema = z.strictObject({ command: z.literal("clear") });
/** Pulls the cable, for a while or until "plug". */
export const disconnectCommandSchema = z.strictObject({
  command: z.literal("disconnect"),
  forMs: z.int().min(0).max(600_000).optional(),
});
export const plugCommandSchema = z.strictObject({ command: z.literal("plug") });

type FaultCommand = z.infer<typeof faultCommandSchema>;
type Send = (bytes: Uint8Array) => void;

const noiseBytes = Uint8Array.from([0x7f, 0x00, 0xff, 0x41, 0x2c, 0x1b, 0x39, 0x80, 0x55, 0x02]);

/** Stands between a twin and its line. Late messages keep their order. */
export function createFaultyLine() {
  let active: { readonly command: FaultCommand; left: number } | null = null;
  let tail: Promise<void> = Promise.resolve();
  let delayed = 0;

  const perform = (command: FaultCommand, bytes: Uint8Array, send: Send) => {
    if (command.fault === "garble") send(garble(bytes));
    if (command.fault === "noise") send(Uint8Array.from([...noiseBytes, ...bytes]));
    if (command.fault === "split") for (const byte of bytes) send(Uint8Array.of(byte));
    if (command.fault === "duplicate") {
      send(bytes);
      send(bytes);
    }
  };

  const delay = (delayMs: number, bytes: Uint8Array, send: Send) => {
    delayed += 1;
    const arrival = new Promise<void>((resolve) => setTimeout(resolve, delayMs));
    tail = Promise.all([tail, arrival]).then(() => {
      delayed -= 1;
      send(bytes);
    });
  };

  return {
    send: (bytes: Uint8Array, send: Send) => {
      const fault = active?.command;
      if (active) {
        active.left -= 1;
        if (active.left <= 0) active = null;
      }
      if (fault?.fault === "late") delay(fault.delayMs, bytes, send);
      else if (delayed > 0) delay(0, bytes, send);
      else if (fault) perform(fault, bytes, send);
      else send(bytes);
    },
    set: (command: FaultCommand) => {
      active = { command, left: command.count ?? Number.POSITIVE_INFINITY };
    },
    clear: () => {
      active = null;
    },
  };
}

/** Every second byte damaged, ends included: no checksum-less protocol can take it for another message. */
function garble(bytes: Uint8Array): Uint8Array {
  return bytes.map((byte, position) => (position % 2 === 0 ? byte ^ 0xa5 : byte));
}
