import { mod10CheckDigit } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";

/** GS1 serial shipping container code: 18 digits, in a symbol behind application identifier 00. */
const formats: readonly Format[] = [
  {
    name: "SSCC (00)",
    shape: /^00\d{18}$/,
    evidence: "prefix",
    isValid: (data) => endsWithCheck(data.slice(2), mod10CheckDigit),
    trackingNumber: (data) => data.slice(2),
    aliases: (data) => [data],
  },
  {
    name: "SSCC",
    shape: /^\d{18}$/,
    evidence: "length",
    isValid: (data) => endsWithCheck(data, mod10CheckDigit),
    aliases: (data) => [`00${data}`],
  },
];

export function readSscc(data: string): Candidate[] {
  return readFormats("sscc", formats, data);
}
