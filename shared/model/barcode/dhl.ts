import { dhlExpressCheckDigit } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";

/** Only the air waybill has a check digit; the other forms are known by their letters or length alone. */
const formats: readonly Format[] = [
  {
    name: "DHL Express",
    shape: /^\d{10,11}$/,
    evidence: "length",
    isValid: (data) => endsWithCheck(data, dhlExpressCheckDigit),
  },
  {
    // ISO 15459 licence plate behind data identifier J, which the printed line sets in brackets and people leave out.
    name: "DHL Express (Piece ID)",
    shape: /^J[A-Z]{1,3}\d{9,20}$/,
    evidence: "structure",
    aliases: (data) => (data.startsWith("JJ") ? [data.slice(1)] : []),
  },
  {
    name: "DHL E-Commerce",
    shape: /^(?:(?:GM|LX|RX|UV|CN|SG|TH|IN|HK|MY)\d{10,39}|GM\d[0-9A-F]{15,19})$/,
    evidence: "structure",
  },
  { name: "DHL E-Commerce (14)", shape: /^\d{14}$/, evidence: "length" },
];

export function readDhl(data: string): Candidate[] {
  return readFormats("dhl", formats, data);
}
