import { s10CheckDigit } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";
import { isS10Country } from "./s10-countries.ts";

/** UPU S10 item: service indicator, eight digits, check digit, country of the issuing post. */
const formats: readonly Format[] = [
  {
    name: "S10",
    shape: /^[A-Z]{2}\d{9}[A-Z]{2}$/,
    evidence: "prefix",
    isValid: (data) => endsWithCheck(data.slice(2, 11), s10CheckDigit),
  },
];

export function readS10(data: string): Candidate[] {
  return isS10Country(data.slice(-2)) ? readFormats("s10", formats, data) : [];
}
