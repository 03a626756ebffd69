import { createHash } from "node:crypto";
import { type FactEnvelope, genesisHash, type StoredFact } from "@waystation/shared/facts/envelope";

export const factsPerParcel = 9;

/** Facts as a belt writes them, nine to a parcel, each chained to the one before; about 480 bytes each. */
export function* makeParcelFacts(stationId: string, logId: string, count: number): Generator<StoredFact> {
  let previousHash = genesisHash;
  for (let sequence = 1; sequence <= count; sequence += 1) {
    const parcel = Math.ceil(sequence / factsPerParcel);
    const parcelId = `0199a8c0-${hex(parcel >>> 16)}-7${hex(parcel & 0xfff).slice(1)}-8000-${logId.padStart(12, "0").slice(-12)}`;
    const { type, payload } = describeStep(sequence, parcel);
    const envelope: FactEnvelope = {
      stationId,
      logId,
      sequence,
      id: `0199a8c0-0000-7000-8000-${String(sequence).padStart(12, "0")}`,
      type,
      version: 1,
      lane: "belt",
      parcelId,
      causedBy: null,
      occurredAt: new Date(1_767_600_000_000 + sequence * 10).toISOString(),
      bootId: "0199a8c0-0000-7000-8000-00000000b007",
      monotonicMs: sequence * 10,
      actor: { kind: "device", id: "belt-gate" },
      payload,
      previousHash,
    };
    const text = JSON.stringify(envelope);
    previousHash = createHash("sha256").update(text).digest("hex");
    yield { sequence, text, hash: previousHash };
  }
}

const hex = (value: number): string => value.toString(16).padStart(4, "0");

function describeStep(sequence: number, parcel: number): Pick<FactEnvelope, "type" | "payload"> {
  const orderId = `WS${String(parcel).padStart(10, "0")}`;
  const steps: readonly (readonly [string, Record<string, unknown>])[] = [
    ["parcel.inducted", { parcelIndex: parcel % 65_536, trigger: "sorter" }],
    ["parcel.scanned", { data: orderId, symbology: "code128", deviceId: "belt-gate", boundBy: "index" }],
    ["parcel.weighed", { weightGrams: 350, deviceId: "belt-gate", boundBy: "index" }],
    [
      "parcel.measured",
      {
        lengthMillimetres: 300,
        widthMillimetres: 200,
        heightMillimetres: 100,
        deviceId: "belt-gate",
        boundBy: "index",
      },
    ],
    [
      "parcel.judged",
      {
        verdict: "accepted",
        reasons: [],
        chute: 7,
        orderId,
        orderRevision: 1,
        channelCode: "EU-STD",
        channelVersion: 3,
        sortPlanId: "plan-1",
        sortPlanVersion: 2,
        weightGrams: 350,
      },
    ],
    [
      "label.requested",
      { jobId: `${orderId}-1`, printerId: "printer", orderId, odometerBefore: 100_000 + parcel },
    ],
    ["label.printed", { jobId: `${orderId}-1`, odometer: 100_001 + parcel }],
    [
      "divert.requested",
      {
        commandId: `${orderId}-d`,
        sorterId: "sorter",
        parcelIndex: parcel % 65_536,
        chute: 7,
        deadlineMs: 3000,
      },
    ],
    ["parcel.ended", { outcome: "accepted", reasons: [], chute: 7 }],
  ];
  const [type, payload] = steps[(sequence - 1) % factsPerParcel] ?? ["unknown", {}];
  return { type, payload };
}
