import { z } from "zod";
import { createReportFramer } from "../framing/report.ts";
import { type Decimal, type Ratio, scaleToInteger } from "../kit/decimal.ts";
import { defineScale } from "../kit/define.ts";
import type { Family } from "../kit/family.ts";
import { refuse, weightReply, withoutWeight } from "./reply.ts";
import { createWeighingSession, createWeightDecoder, type ScaleReply } from "./weighing.ts";

const optionsSchema = z.strictObject({
  /** Which tael the scale means; absent: a weight in taels is refused. */
  tael: z.enum(["hong-kong", "taiwan", "mainland"]).optional(),
  /** The report already waiting when the device is opened is often the weight of the parcel before. */
  firstIsStale: z.boolean().default(true),
});
type Options = z.infer<typeof optionsSchema>;

const lengthBytes = 6;
const longestExponent = 6;

/** HID Point of Sale Usage Tables 1.02, scale status. */
const status = {
  fault: 1,
  stableAtZero: 2,
  motion: 3,
  stable: 4,
  underZero: 5,
  overLimit: 6,
  needsCalibration: 7,
  needsZeroing: 8,
} as const;
/** There is no weight in these, so their unit says nothing. */
const withoutUnit: ReadonlySet<number> = new Set([
  status.fault,
  status.overLimit,
  status.needsCalibration,
  status.needsZeroing,
]);

const grams = (numerator: bigint, denominator: bigint): Ratio => ({ numerator, denominator });

/** Weight units 1 to 12; 5 is the tael, which is not one weight. The ton of 9 is the short one of 2000 lb. */
const gramsPerUnit: ReadonlyMap<number, Ratio> = new Map([
  [1, grams(1n, 1000n)],
  [2, grams(1n, 1n)],
  [3, grams(1000n, 1n)],
  [4, grams(1n, 5n)],
  [6, grams(6_479_891n, 100_000_000n)],
  [7, grams(155_517_384n, 100_000_000n)],
  [8, grams(1_000_000n, 1n)],
  [9, grams(90_718_474n, 100n)],
  [10, grams(311_034_768n, 10_000_000n)],
  [11, grams(45_359_237n, 1_600_000n)],
  [12, grams(45_359_237n, 100_000n)],
]);
const taelUnit = 5;
const highestUnit = 12;

const gramsPerTael: Readonly<Record<NonNullable<Options["tael"]>, Ratio>> = {
  "hong-kong": grams(3_779_936_375n, 100_000_000n),
  taiwan: grams(375n, 10n),
  mainland: grams(50n, 1n),
};

const signed = (byte: number): number => (byte > 127 ? byte - 256 : byte);

/** Report id, status, unit, exponent: an empty buffer, another report or a byte out of step is none of ours. */
function isScaleReport(header: Uint8Array): boolean {
  const [id = 0, state = 0, unit = 0, exponent = 0] = header;
  if ((id !== 3 && id !== 4) || state < status.fault || state > status.needsZeroing) return false;
  if (withoutUnit.has(state)) return unit <= highestUnit;
  return unit >= 1 && unit <= highestUnit && Math.abs(signed(exponent)) <= longestExponent;
}

/** One scale data report: id, status, unit, power of ten, weight with its low byte first. */
export function parseScaleReport(report: Uint8Array, options: Options): ScaleReply {
  const [, state = 0, unit = 0, exponent = 0, low = 0, high = 0] = report;
  if (report.length !== lengthBytes || !isScaleReport(report))
    return refuse("not a scale report", String(report));
  if (state === status.overLimit) return withoutWeight("over");
  if (withoutUnit.has(state)) return withoutWeight("fault");
  const digits = BigInt(low + 256 * high);
  // the weight itself has no sign: "under zero" is its sign
  if (state === status.underZero && digits === 0n) return withoutWeight("under");

  const perUnit = unit === taelUnit ? options.tael && gramsPerTael[options.tael] : gramsPerUnit.get(unit);
  if (perUnit === undefined)
    return refuse("a weight in taels, and the option tael is not set", String(report));
  const magnitude = scaleToInteger(shift(digits, signed(exponent)), perUnit);
  if (magnitude === null) return refuse("a weight beyond all scales", String(report));
  const isBelow = state === status.underZero && magnitude > 0;
  return weightReply(isBelow ? -magnitude : magnitude, state === status.motion ? "motion" : "stable", false);
}

const shift = (digits: bigint, exponent: number): Decimal =>
  exponent >= 0 ? { digits: digits * 10n ** BigInt(exponent), decimals: 0 } : { digits, decimals: -exponent };

/**
 * USB scales of usage page 0x8D. They report by themselves many times a second and are never asked. Status 2 says
 * "at zero" and some scales send it together with a weight: the weight is what counts.
 */
export const hidPosScale: Family<"scale", Options> = {
  name: "hid-pos-scale",
  kind: "scale",
  options: optionsSchema,
  createFramer: () => createReportFramer({ lengthBytes, headerBytes: 4, isHeader: isScaleReport }),
  createDecoder: (options) => createWeightDecoder((report) => parseScaleReport(report, options)),
  createSession: (context) =>
    createWeighingSession(context, {
      parse: (report) => parseScaleReport(report, context.options),
      ask: null,
      repeatMs: 100,
      lostMs: 1000,
      isFirstStale: context.options.firstIsStale,
    }),
};

const usageTables = "HID Point of Sale Usage Tables 1.02 (usage page 0x8D)";
const known = "public code (erjiang/usbscale scales.h); never seen here";

const scale = (model: string, vendor: string, names: readonly string[], source: string) =>
  defineScale({ model, vendor, names, family: hidPosScale, confirmed: false, source });

/** Bytes after a name are USB vendor and product id. */
export const hidPosScaleModels = [
  scale(
    "hid-pos-scale",
    "generic",
    ["USB HID scale"],
    `${usageTables}; unconfirmed: that unit 9 is the short ton`,
  ),
  scale("dymo-m10", "DYMO", ["M10 (0922:8003)", "1772057"], `public interface notes; ${known}`),
  scale("dymo-m25", "DYMO", ["M25 (0922:8004)"], `public interface notes; ${known}`),
  scale("dymo-s-series", "DYMO", ["S100", "S180", "S250", "S400 (0922:8009)"], known),
  scale("dymo-10lb", "DYMO (Sanford)", ["10 lb postal scale (6096:0158)"], known),
  scale("stamps-com-510", "Stamps.com", ["Model 510, 5 lb (1446:6a73)"], known),
  scale(
    "stamps-com-1446",
    "Stamps.com",
    ["1446:6a78", "1446:6a79"],
    "public code (silverscale); never seen here",
  ),
  scale("stamps-com-stainless", "Stamps.com", ["5 lb (2474:0550)", "35 lb (2474:3550)"], known),
  scale(
    "mettler-toledo-usb",
    "Mettler-Toledo",
    ["PS60 (0eb8:f000)", "0eb8:f001", "0eb8:2200"],
    `${known}; which model bears f001 and 2200 is not known`,
  ),
  scale("fairbanks-scb-r9000", "Fairbanks", ["SCB-R9000 (0b67:555e)", "Ultegra USB"], known),
  scale("elane-ps311", "X.M. Elane", ["UParcel PS311, 30 lb (7b7c:0100)"], known),
  scale("pitney-bowes-397b", "Pitney Bowes", ["397-B, X.J. Group XJ-6K809 (0d8f:0200)"], known),
];
