import { upsCheckDigit } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";

const formats: readonly Format[] = [
  {
    name: "UPS",
    shape: /^1Z[0-9A-Z]{15}\d$/,
    evidence: "prefix",
    isValid: (data) => endsWithCheck(data.slice(2), upsCheckDigit),
  },
  {
    name: "UPS Waybill",
    shape: /^[AHJKTV]\d{10}$/,
    evidence: "structure",
    isValid: (data) => endsWithCheck(data.slice(1), upsCheckDigit),
  },
];

export function readUps(data: string): Candidate[] {
  return readFormats("ups", formats, data);
}
