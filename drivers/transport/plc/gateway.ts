import { fail, type Failure, succeed } from "@waystation/shared/failures/result";
import {
  createModbusFramer,
  decodeRequest,
  encodeResponse,
  type ModbusMessage,
  type ModbusRequest,
} from "../../framing/modbus-tcp.ts";
import type { Transport, TransportEvents } from "../transport.ts";
import { withTimeout } from "./with-timeout.ts";

export type WritableRange = { readonly address: number; readonly count: number };

/**
 * One connection to a PLC's words, behind whatever library speaks its protocol. `connect`, `read` and `write` may
 * reject; the gateway bounds each of them in time. One call is out at a time.
 */
export type WordStore = {
  readonly connect: () => Promise<void>;
  readonly read: (address: number, count: number) => Promise<readonly number[]>;
  readonly write: (address: number, values: readonly number[]) => Promise<void>;
  /** Leaves no socket and no timer behind, whatever state the library is in. */
  readonly close: () => Promise<void>;
};

type Waiting = ModbusMessage<ModbusRequest>;

const maximumWaiting = 64;

/**
 * Takes the Modbus TCP requests of the sorter session and carries them out on another PLC's words, in order, so
 * that session, register map and allow-list are the same for every PLC. Any failure ends it: the supervisor makes
 * a new one, and no library's own reconnecting is relied upon.
 */
export function createGatewayTransport(settings: {
  /** For messages: host and port, or an endpoint. */
  readonly address: string;
  readonly writable: readonly WritableRange[];
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
  /** `onLost` may be called at any time and more than once. */
  readonly createStore: (onLost: (cause: unknown) => void) => WordStore;
}): Transport {
  const { address, writable, requestTimeoutMs } = settings;
  const framer = createModbusFramer();
  const waiting: Waiting[] = [];
  let events: TransportEvents | null = null;
  let isBusy = false;
  let isOver = false;

  /** Ends a connect that the library would wait out. */
  const lost = Promise.withResolvers<never>();
  lost.promise.catch(() => undefined);

  const lose = (cause: unknown) => {
    if (isOver) return;
    isOver = true;
    lost.reject(cause);
    waiting.length = 0;
    events?.onClose(fail("device.disconnected", { address }, cause).failure);
  };
  const store = settings.createStore(lose);

  const performWaiting = async () => {
    if (isBusy) return;
    isBusy = true;
    for (let next = waiting.shift(); next && !isOver; next = waiting.shift()) {
      const response = await perform(next);
      if (response && !isOver) events?.onData(response);
    }
    isBusy = false;
  };

  const perform = async ({ transaction, unitId, body }: Waiting): Promise<Uint8Array | null> => {
    try {
      if (body.function === 3) {
        const values = await withTimeout(store.read(body.address, body.count), requestTimeoutMs, "read");
        if (values.length !== body.count) throw new Error(`${values.length} words instead of ${body.count}`);
        return encodeResponse({ transaction, unitId, body: { function: 3, values } }, body);
      }
      await withTimeout(store.write(body.address, body.values), requestTimeoutMs, "write");
      return encodeResponse(
        { transaction, unitId, body: { function: body.function, address: body.address } },
        body,
      );
    } catch (cause) {
      lose(cause);
      return null;
    }
  };

  return {
    open: async (opened) => {
      try {
        const connected = Promise.race([store.connect(), lost.promise]);
        await withTimeout(connected, settings.connectTimeoutMs, "connect");
        events = opened;
        return succeed(null);
      } catch (cause) {
        isOver = true;
        return fail("device.disconnected", { address }, cause);
      }
    },
    write: (bytes) => {
      if (!events || isOver) return fail("device.disconnected", { address });
      const requests = readRequests(framer, bytes);
      if (!requests) return fail("device.refused-frame", { reason: "not a Modbus request" });
      const refusal = refuse(requests, writable, waiting.length);
      if (refusal) return { ok: false, failure: refusal };
      waiting.push(...requests);
      void performWaiting();
      return succeed(null);
    },
    bufferedBytes: () => waiting.length * 12,
    close: async () => {
      isOver = true;
      waiting.length = 0;
      await store.close().catch(() => undefined);
    },
  };
}

/** Null unless the bytes are whole requests of the three functions: a session never writes half of one. */
function readRequests(
  framer: ReturnType<typeof createModbusFramer>,
  bytes: Uint8Array,
): readonly Waiting[] | null {
  const requests: Waiting[] = [];
  let isBroken = false;
  framer.reset();
  framer.push(bytes, {
    onFrame: (adu) => {
      const { transaction, unitId, body } = decodeRequest(adu);
      if (body) requests.push({ transaction, unitId, body });
      else isBroken = true;
    },
    onRefused: () => {
      isBroken = true;
    },
  });
  return isBroken || framer.heldBytes() > 0 ? null : requests;
}

/** The second lock: whatever the session was told, nothing outside the connection's own ranges is written. */
function refuse(
  requests: readonly Waiting[],
  writable: readonly WritableRange[],
  waitingNow: number,
): Failure | null {
  const isAllowed = (address: number, count: number) =>
    writable.some((range) => address >= range.address && address + count <= range.address + range.count);
  for (const { body } of requests) {
    if (body.function === 3 || isAllowed(body.address, body.values.length)) continue;
    return fail("sorter.write-refused", { address: body.address }).failure;
  }
  const isFull = waitingNow + requests.length > maximumWaiting;
  return isFull ? fail("device.queue-full", { limit: maximumWaiting }).failure : null;
}
