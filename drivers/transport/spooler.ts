import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { encodeText } from "../kit/text.ts";
import type { JobState } from "./ipp.ts";
import { type Transport, type TransportEvents, writeBufferLimitBytes } from "./transport.ts";

/** What can be asked of a print queue; each answer is a text the family `spooled` reads. */
export type Spooler = {
  /** Names this system cannot have are refused before anything is run. */
  readonly isName: (printer: string) => boolean;
  readonly describe: (printer: string) => Promise<Result<string>>;
  /** Hands the whole job over and follows it: "completed", "canceled", "aborted", or null where nobody knows. */
  readonly print: (printer: string, title: string, bytes: Uint8Array) => Promise<Result<JobState | null>>;
};

/** The first byte of a write says what it asks; the rest of a "print" is its tag of four characters and the job. */
export const spoolerRequests = { status: 0x53, print: 0x50 } as const;

/**
 * A print queue of the operating system. There is no way back from the printer: questions go to the queue, and its
 * answers come as STX text ETX. One write is one whole request.
 */
export function createSpoolerTransport(printer: string, spooler: Spooler): Transport {
  let events: TransportEvents | null = null;
  let pendingBytes = 0;

  const say = (text: string) => {
    // control characters of whatever the queue is called or complains of must not end the frame
    const plain = text.replace(/[\u0000-\u0008\u000b-\u001f]/g, " ").slice(0, 7000);
    events?.onData(encodeText(`\u0002${plain}\u0003`));
  };
  const lose = (failure: Parameters<TransportEvents["onClose"]>[0]) => {
    const open = events;
    events = null;
    open?.onClose(failure);
  };

  const describe = async () => {
    const described = await spooler.describe(printer);
    if (described.ok) say(described.value);
    else lose(described.failure);
  };
  const print = async (tag: string, bytes: Uint8Array) => {
    pendingBytes += bytes.length;
    const printed = await spooler.print(printer, `waystation ${tag}`, bytes);
    pendingBytes -= bytes.length;
    if (printed.ok) say(`job ${tag} ${printed.value ?? "unknown"}`);
    else say(`job ${tag} refused: ${printed.failure.cause ?? ""}`);
  };

  return {
    open: async (opened) => {
      if (!spooler.isName(printer))
        return fail("config.invalid", { reason: `no queue can be called ${printer}` });
      const described = await spooler.describe(printer);
      if (!described.ok) return described;
      events = opened;
      return succeed(null);
    },
    write: (bytes) => {
      if (events === null) return fail("device.disconnected", { address: printer });
      if (pendingBytes + bytes.length > writeBufferLimitBytes) {
        return fail("device.queue-full", { limit: writeBufferLimitBytes });
      }
      const copy = Uint8Array.from(bytes);
      const tag = Buffer.from(copy.subarray(1, 5)).toString("latin1");
      if (copy[0] === spoolerRequests.print) void print(tag, copy.subarray(5));
      else void describe();
      return succeed(null);
    },
    bufferedBytes: () => 0,
    close: async () => {
      events = null;
    },
  };
}
