import { createHash } from "node:crypto";
import { wireVersion } from "@waystation/shared/wire/cloud-http";
import type { FactBatch } from "@waystation/shared/wire/fact-batch";
import { type FactEnvelope, genesisHash, type StoredFact } from "@waystation/shared/facts/envelope";

type Options = {
  readonly stationId: string;
  readonly logId?: string;
  readonly count: number;
  /** The fact before the first one made here. */
  readonly after?: StoredFact;
  readonly change?: (envelope: FactEnvelope) => Partial<FactEnvelope>;
};

/** A chain as a station would write it: parcels of four facts each. */
export function makeFacts({
  stationId,
  logId = "log-1",
  count,
  after,
  change = () => ({}),
}: Options): StoredFact[] {
  const facts: StoredFact[] = [];
  let previous = after;
  for (let index = 0; index < count; index += 1) {
    const sequence = (previous?.sequence ?? 0) + 1;
    const envelope: FactEnvelope = {
      stationId,
      logId,
      sequence,
      id: `${logId}-${sequence}`,
      ...describeStep(sequence),
      version: 1,
      lane: "belt-1",
      parcelId: `${stationId}-parcel-${String(Math.ceil(sequence / 4)).padStart(8, "0")}`,
      causedBy: null,
      occurredAt: new Date(1_700_000_000_000 + sequence).toISOString(),
      bootId: "boot-1",
      monotonicMs: sequence,
      actor: { kind: "engine" },
      previousHash: previous?.hash ?? genesisHash,
    };
    previous = storeFact({ ...envelope, ...change(envelope) });
    facts.push(previous);
  }
  return facts;
}

/** What readUpload makes of an upload of these facts. */
export const makeBatch = (stationId: string, facts: readonly StoredFact[], logId = "log-1"): FactBatch => ({
  wireVersion,
  stationId,
  logId,
  firstSequence: facts[0]?.sequence ?? 1,
  facts,
});

export function storeFact(envelope: FactEnvelope): StoredFact {
  const text = JSON.stringify(envelope);
  return { sequence: envelope.sequence, text, hash: createHash("sha256").update(text).digest("hex") };
}

function describeStep(sequence: number): Pick<FactEnvelope, "type" | "payload"> {
  const steps: readonly Pick<FactEnvelope, "type" | "payload">[] = [
    { type: "parcel.inducted", payload: { parcelIndex: sequence, trigger: "scan" } },
    {
      type: "parcel.scanned",
      payload: {
        data: `WS${String(sequence).padStart(10, "0")}`,
        symbology: "code128",
        deviceId: null,
        boundBy: "index",
      },
    },
    { type: "parcel.weighed", payload: { weightGrams: 700, deviceId: "scale", boundBy: "window" } },
    { type: "parcel.ended", payload: { outcome: "accepted", reasons: [], chute: 7 } },
  ];
  return steps[(sequence - 1) % steps.length] ?? { type: "unknown", payload: {} };
}
