import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import {
  decodeResponse,
  encodeRequest,
  type ModbusRequest,
  type ModbusResponse,
} from "../framing/modbus-tcp.ts";
import type { Clock } from "../kit/clock.ts";
import type { WritableRange } from "./register-map.ts";

/** Far more than one poll, one command and one heartbeat need. */
const maximumOutstanding = 16;

const exceptionNames: Readonly<Record<number, string>> = {
  1: "illegal function",
  2: "illegal data address",
  3: "illegal data value",
  4: "server device failure",
  5: "acknowledge",
  6: "server device busy",
};

type Reply = (result: Result<readonly number[]>) => void;
type Outstanding = { readonly request: ModbusRequest; readonly sentAtMs: number; readonly reply: Reply };

/**
 * A Modbus TCP client over a link somebody else keeps alive. Several requests may be out at once; a batch goes
 * out in one write. No write leaves that is not inside the allowed ranges, checked where the bytes are made.
 */
export function createModbusClient(deps: {
  readonly unitId: number;
  readonly writable: readonly WritableRange[];
  readonly clock: Clock;
  readonly send: (bytes: Uint8Array) => Result<null>;
}) {
  const outstanding = new Map<number, Outstanding>();
  let transaction = 0;

  const isWritable = (address: number, count: number) =>
    deps.writable.some((range) => address >= range.address && address + count <= range.address + range.count);

  const findRefused = (requests: readonly ModbusRequest[]) =>
    requests.find((request) => request.function !== 3 && !isWritable(request.address, request.values.length));

  /** All or nothing, in this tick. `reply` is called once for each request that was sent. */
  const send = (requests: readonly ModbusRequest[], reply: Reply): Result<null> => {
    const refused = findRefused(requests);
    if (refused) return fail("sorter.write-refused", { address: refused.address });
    if (outstanding.size + requests.length > maximumOutstanding) {
      return fail("device.queue-full", { limit: maximumOutstanding });
    }
    const first = transaction;
    const messages = requests.map((body, position) =>
      encodeRequest({ transaction: (first + position + 1) & 0xffff, unitId: deps.unitId, body }),
    );
    const sent = deps.send(concatenate(messages));
    if (!sent.ok) return sent;
    for (const request of requests) {
      transaction = (transaction + 1) & 0xffff;
      outstanding.set(transaction, { request, sentAtMs: deps.clock.nowMs(), reply });
    }
    return succeed(null);
  };

  return {
    send,
    /** "stray": an answer to no open question, e.g. a repeated one. "broken": it does not fit its question. */
    onFrame: (adu: Uint8Array): "taken" | "stray" | "broken" => {
      const message = decodeResponse(adu);
      const asked = message && outstanding.get(message.transaction);
      if (!message) return "broken";
      if (!asked) return "stray";
      const result = readResult(message.body, asked.request);
      if (result === null) return "broken";
      outstanding.delete(message.transaction);
      asked.reply(result);
      return "taken";
    },
    oldestAgeMs: (): number => {
      const oldest = outstanding.values().next().value;
      return oldest ? deps.clock.nowMs() - oldest.sentAtMs : 0;
    },
    abandon: (failure: Failure) => {
      const abandoned = [...outstanding.values()];
      outstanding.clear();
      for (const { reply } of abandoned) reply({ ok: false, failure });
    },
  };
}
export type ModbusClient = ReturnType<typeof createModbusClient>;

/** Null: the answer does not fit the question. */
function readResult(body: ModbusResponse, request: ModbusRequest): Result<readonly number[]> | null {
  if (body.function !== request.function) return null;
  if ("exception" in body) {
    const name = exceptionNames[body.exception] ?? "unknown";
    return fail("device.refused-frame", { reason: `Modbus exception ${body.exception} (${name})` });
  }
  if (body.function !== 3) return body.address === request.address ? succeed([]) : null;
  return request.function === 3 && body.values.length === request.count ? succeed(body.values) : null;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
