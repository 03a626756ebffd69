import type { Framer } from "./framer.ts";
import { createLengthFramer } from "./length.ts";

/** Modbus Application Protocol V1.1b3 and the TCP guide V1.0b: MBAP header, then at most 253 bytes of PDU. */
const headerBytes = 7;
const limitBytes = 260;
export const maximumReadRegisters = 125;
export const maximumWriteRegisters = 123;

export type ModbusRequest =
  | { readonly function: 3; readonly address: number; readonly count: number }
  | { readonly function: 6; readonly address: number; readonly values: readonly [number] }
  | { readonly function: 16; readonly address: number; readonly values: readonly number[] };

/** `exception` is the code of chapter 7: 1 function, 2 address, 3 value, 4 server failure ... */
export type ModbusResponse =
  | { readonly function: 3; readonly values: readonly number[] }
  | { readonly function: 6 | 16; readonly address: number }
  | { readonly function: number; readonly exception: number };

export type ModbusMessage<Body> = {
  readonly transaction: number;
  readonly unitId: number;
  readonly body: Body;
};

/** Frames are whole ADUs. Protocol other than 0 or an impossible length is no header. */
export function createModbusFramer(): Framer {
  return createLengthFramer({
    headerBytes,
    limitBytes,
    frameLength: (header) => {
      const length = readWord(header, 4);
      return readWord(header, 2) === 0 && length >= 3 && length <= limitBytes - 6 ? 6 + length : null;
    },
  });
}

export function encodeRequest(message: ModbusMessage<ModbusRequest>): Uint8Array {
  const { body } = message;
  if (body.function === 3) return encodeWords(message, 3, [], [body.address, body.count]);
  if (body.function === 6) return encodeWords(message, 6, [], [body.address, body.values[0]]);
  const { address, values } = body;
  const adu = startAdu(message, 16, 5 + values.length * 2);
  writeWords(adu, headerBytes + 1, [address, values.length]);
  adu[headerBytes + 5] = values.length * 2;
  return writeWords(adu, headerBytes + 6, values);
}

/** `request`: what is answered; a write is confirmed with its own value or count. */
export function encodeResponse(
  message: ModbusMessage<ModbusResponse>,
  request: ModbusRequest | null,
): Uint8Array {
  const { body } = message;
  if ("exception" in body) return encodeWords(message, body.function | 0x80, [body.exception], []);
  if (body.function === 3) return encodeWords(message, 3, [body.values.length * 2], body.values);
  const written = request && request.function !== 3 ? request.values : [];
  const tail = body.function === 6 ? (written[0] ?? 0) : written.length;
  return encodeWords(message, body.function, [], [body.address, tail]);
}

/** Null: not a well-formed response to one of the three functions. */
export function decodeResponse(adu: Uint8Array): ModbusMessage<ModbusResponse> | null {
  const code = adu[headerBytes] ?? 0;
  const data = adu.subarray(headerBytes + 1);
  const known = knownFunction(code & 0x7f);
  if (known === null) return null;
  const body = decodeResponseBody(known, (code & 0x80) !== 0, data);
  return body && { ...decodeHeader(adu), body };
}

function decodeResponseBody(
  known: 3 | 6 | 16,
  isException: boolean,
  data: Uint8Array,
): ModbusResponse | null {
  if (isException) return data.length === 1 ? { function: known, exception: data[0] ?? 0 } : null;
  if (known !== 3) return data.length === 4 ? { function: known, address: readWord(data, 0) } : null;
  const bytes = data[0] ?? 0;
  if (bytes % 2 !== 0 || data.length !== bytes + 1) return null;
  return { function: 3, values: readWords(data.subarray(1)) };
}

/** The server's side. Null body: a function this product does not speak, to be answered with exception 1. */
export function decodeRequest(
  adu: Uint8Array,
): ModbusMessage<ModbusRequest | null> & { readonly functionCode: number } {
  const functionCode = adu[headerBytes] ?? 0;
  return { ...decodeHeader(adu), functionCode, body: decodeRequestBody(adu.subarray(headerBytes)) };
}

function decodeRequestBody(pdu: Uint8Array): ModbusRequest | null {
  const address = readWord(pdu, 1);
  if (pdu[0] === 3 && pdu.length === 5) return { function: 3, address, count: readWord(pdu, 3) };
  if (pdu[0] === 6 && pdu.length === 5) return { function: 6, address, values: [readWord(pdu, 3)] };
  const count = readWord(pdu, 3);
  if (pdu[0] !== 16 || pdu[5] !== count * 2 || pdu.length !== 6 + count * 2) return null;
  return { function: 16, address, values: readWords(pdu.subarray(6)) };
}

/** A whole ADU of a few bytes and the words behind them. Called a hundred times a second for every sorter. */
function encodeWords(
  message: ModbusMessage<unknown>,
  code: number,
  bytes: readonly number[],
  words: readonly number[],
): Uint8Array {
  const adu = startAdu(message, code, bytes.length + words.length * 2);
  adu.set(bytes, headerBytes + 1);
  return writeWords(adu, headerBytes + 1 + bytes.length, words);
}

function startAdu(
  { transaction, unitId }: ModbusMessage<unknown>,
  code: number,
  dataBytes: number,
): Uint8Array {
  const adu = new Uint8Array(headerBytes + 1 + dataBytes);
  writeWords(adu, 0, [transaction, 0, dataBytes + 2]);
  adu[6] = unitId;
  adu[headerBytes] = code;
  return adu;
}

function writeWords(bytes: Uint8Array, offset: number, words: readonly number[]): Uint8Array {
  for (let at = 0; at < words.length; at += 1) {
    const value = words[at] ?? 0;
    bytes[offset + at * 2] = value >> 8;
    bytes[offset + at * 2 + 1] = value;
  }
  return bytes;
}

const decodeHeader = (adu: Uint8Array) => ({ transaction: readWord(adu, 0), unitId: adu[6] ?? 0 });

const knownFunction = (code: number): 3 | 6 | 16 | null =>
  code === 3 || code === 6 || code === 16 ? code : null;

export const readWord = (bytes: Uint8Array, offset: number): number =>
  ((bytes[offset] ?? 0) << 8) | (bytes[offset + 1] ?? 0);

function readWords(bytes: Uint8Array): number[] {
  const words: number[] = [];
  for (let offset = 0; offset < bytes.length; offset += 2) words.push(readWord(bytes, offset));
  return words;
}
