import { z } from "zod";
import { createLineFramer } from "../../framing/line.ts";
import { decodeLatin1, encodeText } from "../../kit/text.ts";
import { beltOptions, type BeltEvent, type SorterTwinState } from "../sorter-belt.ts";
import type { Twin, TwinDeps } from "../twin.ts";
import { startTelegramTwin } from "./telegram-twin.ts";

const optionsSchema = z.strictObject(beltOptions);
const assignmentSchema = z.looseObject({ ParcelId: z.int(), ChuteId: z.int() });

/** A wheel diverter that reports in JSON lines; it has words for detected, completed and lost only. */
export async function startSorterJsonTwin(
  input: z.input<typeof optionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const options = optionsSchema.parse(input);
  const telegrams = {
    createFramer: () => createLineFramer({ terminator: "lf", limitBytes: 4096 }),
    encodeEvent: (event: BeltEvent) => encodeEvent(event, options.rejectChute),
    encodeHeartbeat: null,
    hear: (frame: Uint8Array) => {
      const { ParcelId, ChuteId } = assignmentSchema.parse(JSON.parse(decodeLatin1(frame)));
      const parcel = { parcelIndex: ParcelId, chute: ChuteId, deadlineMs: null, answer: null };
      return { heard: "assignment" as const, ...parcel };
    },
    repeatMs: null,
  };
  return await startTelegramTwin(telegrams, options, deps);
}

function encodeEvent(event: BeltEvent, rejectChute: number): Uint8Array | null {
  const { type, parcelIndex: ParcelId, chute, barcode } = event;
  const time = new Date().toISOString();
  const line = (message: object) => encodeText(`${JSON.stringify(message)}\n`);
  if (type === "induct") {
    const Metadata = barcode === null ? null : { Barcode: barcode };
    return line({ Type: "ParcelDetected", ParcelId, DetectionTime: time, Metadata });
  }
  if (type !== "confirm" && type !== "lost") return null;
  const isSuccess = type === "confirm" && chute !== rejectChute;
  const FinalStatus = type === "lost" ? "Lost" : isSuccess ? "Success" : "Timeout";
  const FailureReason = isSuccess ? null : "ChuteAssignmentTimeout";
  const end = { ActualChuteId: chute, CompletedAt: time, IsSuccess: isSuccess, FinalStatus, FailureReason };
  return line({ Type: "SortingCompleted", ParcelId, ...end, AffectedParcelIds: null });
}
