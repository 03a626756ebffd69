import Database from "better-sqlite3";
import type { Finding } from "../checker/check-run.ts";

type Weighed = { readonly truth: { readonly barcode: string | null; readonly weightGrams: number } };

/**
 * What only the simulation knows of a bench: how heavy each parcel was that lay on its scale. A weight that none of the
 * parcels with this barcode has is another one's.
 */
export function findMisweighed(
  { stationId, paths }: { readonly stationId: string; readonly paths: { readonly facts: string } },
  traffic: { readonly bench: readonly Weighed[] } | undefined,
): Finding[] {
  const findings: Finding[] = [];
  const barcodeOf = new Map<string, string>();
  const isRight = (barcode: string | undefined, weightGrams: unknown): boolean =>
    traffic?.bench.some(({ truth }) => truth.barcode === barcode && truth.weightGrams === weightGrams) ===
    true;
  for (const { type, parcelId, payload } of readBenchFacts(paths.facts)) {
    if (type === "parcel.scanned") barcodeOf.set(parcelId, String(payload.data));
    if (type !== "parcel.weighed" || isRight(barcodeOf.get(parcelId), payload.weightGrams)) continue;
    const what = `${barcodeOf.get(parcelId)} was never on the scale with ${String(payload.weightGrams)} g`;
    findings.push({ rule: "misweighed", stationId, what });
  }
  return findings;
}

type Fact = {
  readonly type: string;
  readonly lane: string | null;
  readonly parcelId: string;
  readonly payload: Readonly<Record<string, unknown>>;
};

function readBenchFacts(path: string): Fact[] {
  const db = new Database(path, { readonly: true });
  try {
    const likely = db.prepare("SELECT text FROM facts WHERE instr(text, ?) > 0 ORDER BY sequence").pluck();
    const texts = likely.all(`"lane":"bench"`) as string[];
    return texts.map((text) => JSON.parse(text) as Fact).filter(({ lane }) => lane === "bench");
  } finally {
    db.close();
  }
}
