import { z } from "zod";
import { createLengthFramer } from "../../framing/length.ts";
import { beltOptions, type BeltEvent, type SorterTwinState } from "../sorter-belt.ts";
import type { Twin, TwinDeps } from "../twin.ts";
import { type Heard, startTelegramTwin } from "./telegram-twin.ts";

const optionsSchema = z.strictObject({ ...beltOptions, repeatMs: z.int().min(20).default(300) });
const assignmentSchema = z.looseObject({
  taskNo: z.int(),
  cellNo: z.int(),
  deadlineMs: z.int().optional(),
});

/** A cross-belt sorter that reports to a WCS and tells everything again until it is acknowledged. */
export async function startJdWcsTwin(
  input: z.input<typeof optionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const { repeatMs, ...options } = optionsSchema.parse(input);
  const telegrams = {
    createFramer: () =>
      createLengthFramer({
        headerBytes: 32,
        limitBytes: 4096,
        frameLength: (head) => 32 + Buffer.from(head).readInt32BE(10),
      }),
    encodeEvent,
    encodeHeartbeat: (sequence: number) => encode(1, sequence, 1, { deviceNo: "D1", deviceStatus: 1 }),
    hear,
    repeatMs,
  };
  return await startTelegramTwin(telegrams, options, deps);
}

function encode(type: number, sequence: number, needsAnswer: number, body: object): Uint8Array {
  const json = Buffer.from(JSON.stringify(body));
  const head = Buffer.alloc(32);
  head.writeUInt32BE(0x0134afd5, 0);
  head.writeInt16BE(type, 4);
  head.writeInt32BE(sequence, 6);
  head.writeInt32BE(json.length, 10);
  head.set([2, 1, 0, 7, 1, needsAnswer], 14);
  head.writeBigInt64BE(BigInt(Date.now()), 20);
  return Buffer.concat([head, json]);
}

function encodeEvent({ type, parcelIndex, chute, barcode }: BeltEvent, sequence: number): Uint8Array {
  const device = { deviceNo: "D1" };
  if (type === "induct")
    return encode(2, sequence, 1, { ...device, taskNo: parcelIndex, barcode: [barcode ?? "noread"] });
  if (type === "confirm" || type === "lost")
    return encode(4, sequence, 1, { ...device, taskNo: parcelIndex, cellNo: type === "lost" ? 0 : chute });
  if (type === "jam") return encode(7, sequence, 1, { ...device, deviceStatus: 2, cellNo: chute });
  return encode(5, sequence, 1, { ...device, cellNo: chute, status: type === "chute-full" ? 2 : 1 });
}

function hear(frame: Uint8Array): Heard {
  const bytes = Buffer.from(frame);
  const type = bytes.readInt16BE(4);
  const sequence = bytes.readInt32BE(6);
  if (type > 1000) return { heard: "acknowledgement", sequence };
  if (type !== 3) return { heard: "nothing" };
  const body = assignmentSchema.parse(JSON.parse(bytes.subarray(32).toString()));
  return {
    heard: "assignment",
    parcelIndex: body.taskNo,
    chute: body.cellNo,
    deadlineMs: body.deadlineMs ?? null,
    answer: (isAccepted) => encode(1003, sequence, 0, { deviceNo: "D1", code: isAccepted ? 1 : 0 }),
  };
}
