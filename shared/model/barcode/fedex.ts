import { fedexExpressCheckDigit, fedexSmartPostCheckDigit, mod10CheckDigit } from "./check-digits.ts";
import { type Candidate, endsWithCheck, type Format, readFormats } from "./format.ts";

const hasExpressCheck = (data: string) => endsWithCheck(data, fedexExpressCheckDigit);
const hasMod10 = (data: string) => endsWithCheck(data, mod10CheckDigit);

/** Bytes 20 to 33 of both 34-digit forms hold the tracking number: 12 digits behind two zeros, else 14. */
const trackingNumberOf34 = (data: string) => (data.startsWith("00", 20) ? data.slice(22) : data.slice(20));
const trackingNumberOfAstra = (data: string) => data.slice(16, 28);

const formats: readonly Format[] = [
  { name: "FedEx Express (12)", shape: /^\d{12}$/, evidence: "length", isValid: hasExpressCheck },
  {
    name: "FedEx Express (34)",
    shape: /^[0-8]\d{33}$/,
    evidence: "length",
    isValid: (data) => hasExpressCheck(data.slice(20)),
    trackingNumber: trackingNumberOf34,
  },
  {
    name: "FedEx ASTRA (32)",
    shape: /^3\d{31}$/,
    evidence: "length",
    isValid: (data) => hasExpressCheck(trackingNumberOfAstra(data)),
    trackingNumber: trackingNumberOfAstra,
  },
  { name: "FedEx Ground", shape: /^\d{15}$/, evidence: "length", isValid: hasMod10 },
  {
    // The check digit leaves out the two digits of the container type, unlike a GS1 SSCC.
    name: "FedEx Ground (SSCC-18)",
    shape: /^0[0124]\d{16}$/,
    evidence: "length",
    isValid: (data) => hasMod10(data.slice(2)),
  },
  {
    name: "FedEx Ground 96 (22)",
    shape: /^96\d{20}$/,
    evidence: "prefix",
    isValid: (data) => hasMod10(data.slice(7)),
    trackingNumber: (data) => data.slice(7),
  },
  {
    name: "FedEx Ground GSN",
    shape: /^96\d{32}$/,
    evidence: "prefix",
    isValid: (data) => hasExpressCheck(data.slice(20)),
    trackingNumber: trackingNumberOf34,
  },
  {
    name: "FedEx Ground Economy (20)",
    shape: /^\d{3}9\d{16}$/,
    evidence: "length",
    isValid: (data) => endsWithCheck(data, fedexSmartPostCheckDigit),
    aliases: (data) => [`92${data}`],
  },
];

export function readFedex(data: string): Candidate[] {
  return readFormats("fedex", formats, data);
}
