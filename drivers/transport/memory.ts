import { fail, succeed } from "@waystation/shared/failures/result";
import type { Transport, TransportEvents } from "./transport.ts";

/**
 * A line inside the process for the simulator and for captures. The far end sees every write and says
 * when to send or cut; transports made from one line share it, one connection at a time.
 */
export function createMemoryLine() {
  let current: TransportEvents | null = null;
  let onWrite: (bytes: Uint8Array) => void = () => undefined;
  let reachable = true;

  const createTransport = (): Transport => {
    let events: TransportEvents | null = null;
    return {
      open: async (opened) => {
        if (!reachable) return fail("device.disconnected");
        events = opened;
        current = opened;
        return succeed(null);
      },
      write: (bytes) => {
        if (events === null || current !== events) return fail("device.disconnected");
        onWrite(bytes);
        return succeed(null);
      },
      bufferedBytes: () => 0,
      close: async () => {
        if (current === events) current = null;
      },
    };
  };

  return {
    createTransport,
    isOpen: () => current !== null,
    send: (bytes: Uint8Array) => current?.onData(bytes),
    listen: (listener: (bytes: Uint8Array) => void) => {
      onWrite = listener;
    },
    setReachable: (value: boolean) => {
      reachable = value;
    },
    cut: () => {
      const cut = current;
      current = null;
      cut?.onClose(fail("device.disconnected", {}, "cut").failure);
    },
  };
}
