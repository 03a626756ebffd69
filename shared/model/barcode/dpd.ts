import { dpdCheckCharacter } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";

const hasCheck = (data: string) => endsWithCheck(data, dpdCheckCharacter);
const withCheck = (parcelNumber: string) => parcelNumber + dpdCheckCharacter(parcelNumber);

/**
 * DPD Parcel Label Specification 2.4.1: postcode 7, parcel number 14, service 3, country 3. The printed line
 * ends in a check character; the symbol has "%" in front instead and no check character. One tracks the 14.
 */
const formats: readonly Format[] = [
  {
    name: "DPD (28)",
    shape: /^[0-9A-Z]{7}\d{20}[0-9A-Z]$/,
    evidence: "length",
    isValid: hasCheck,
    trackingNumber: (data) => data.slice(7, 21),
    aliases: (data) => [withCheck(data.slice(7, 21))],
  },
  {
    name: "DPD symbol",
    shape: /^%[0-9A-Z]{7}\d{20}$/,
    evidence: "prefix",
    trackingNumber: (data) => data.slice(8, 22),
    aliases: (data) => [withCheck(data.slice(8, 22)), withCheck(data.slice(1))],
  },
  {
    name: "DPD (14)",
    shape: /^\d{14}[0-9A-Z]$/,
    evidence: "length",
    isValid: hasCheck,
    trackingNumber: (data) => data.slice(0, 14),
  },
  {
    name: "DPD (14) without check character",
    shape: /^\d{14}$/,
    evidence: "length",
    aliases: (data) => [withCheck(data)],
  },
];

export function readDpd(data: string): Candidate[] {
  return readFormats("dpd", formats, data);
}
