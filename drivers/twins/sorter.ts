import type { z } from "zod";
import {
  createModbusFramer,
  decodeRequest,
  encodeResponse,
  maximumReadRegisters,
  maximumWriteRegisters,
  type ModbusRequest,
  type ModbusResponse,
} from "../framing/modbus-tcp.ts";
import { type PlcProgram, plcOptionsSchema } from "./plc-program.ts";
import type { SorterTwinState } from "./sorter-belt.ts";
import { type PlcFront, startPlcTwin } from "./sorters/plc-front.ts";
import type { Twin, TwinDeps } from "./twin.ts";

export type { SorterTwinState };

/** A PLC that speaks Modbus TCP, with a belt behind it. */
export async function startSorterTwin(
  input: z.input<typeof plcOptionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  return await startPlcTwin(modbusFront, plcOptionsSchema.parse(input), deps);
}

const modbusFront: PlcFront = {
  createFramer: createModbusFramer,
  createClient: (program) => (adu, answer) => {
    const { transaction, unitId, functionCode, body: request } = decodeRequest(adu);
    const body = request ? serve(program, request) : { function: functionCode, exception: 1 };
    answer(encodeResponse({ transaction, unitId, body }, request));
  },
  describeConnection: (host, port) => ({ type: "tcp", host, port }),
};

function serve(program: PlcProgram, request: ModbusRequest): ModbusResponse {
  const count = request.function === 3 ? request.count : request.values.length;
  const limit = request.function === 3 ? maximumReadRegisters : maximumWriteRegisters;
  if (count < 1 || count > limit) return { function: request.function, exception: 3 };
  if (request.function === 3) {
    const values = program.readWords(request.address, count);
    return values ? { function: 3, values } : { function: 3, exception: 2 };
  }
  if (!program.writeWords(request.address, request.values))
    return { function: request.function, exception: 2 };
  return { function: request.function, address: request.address };
}
