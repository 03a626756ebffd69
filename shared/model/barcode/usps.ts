import { mod10CheckDigit } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";

const hasMod10 = (data: string) => endsWithCheck(data, mod10CheckDigit);
const hasMod10Behind91 = (data: string) => hasMod10(`91${data}`);

/**
 * USPS package identification codes (Publication 199). A nine-digit mailer id begins with 9, a six-digit one
 * does not: 92 takes the former, 93 the latter.
 */
const formats: readonly Format[] = [
  {
    name: "USPS IMpb C",
    shape: /^(?:92\d{3}9|93\d{3}[0-8]|95\d{4})\d{16}(?:\d{4})?$/,
    evidence: "prefix",
    isValid: hasMod10,
  },
  { name: "USPS IMpb N", shape: /^94\d{20}(?:\d{4}|\d{8})?$/, evidence: "prefix", isValid: hasMod10 },
  { name: "USPS Legacy", shape: /^91\d{20}$/, evidence: "prefix", isValid: hasMod10 },
  { name: "USPS 20", shape: /^\d{20}$/, evidence: "length", isValid: hasMod10 },
  {
    name: "USPS Legacy",
    shape: /^\d{20}$/,
    evidence: "length",
    isValid: hasMod10Behind91,
    aliases: (data) => [`91${data}`],
  },
];

/**
 * The routing 420 + ZIP5 or ZIP+4 is no part of the tracking number. 34 digits can be ZIP+4 and 22 or ZIP5
 * and 26: the reading whose check digit fits is taken, the commoner first of them first.
 */
export function readUsps(data: string): Candidate[] {
  const readings = data.startsWith("420") ? [data.slice(12), data.slice(8)] : [data];
  const candidates = readings.flatMap((number) => readFormats("usps", formats, number));
  const valid = candidates.filter((candidate) => candidate.checkDigitValid === true);
  return (valid.length > 0 ? valid : candidates).slice(0, 1);
}
