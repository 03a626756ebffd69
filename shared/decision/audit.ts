import type { Channel } from "../model/channel.ts";
import { makeReason, type Reason } from "./reasons.ts";

export type Size = {
  readonly lengthMillimetres: number;
  readonly widthMillimetres: number;
  readonly heightMillimetres: number;
};

/** Longest first: a parcel may lie on the belt any way round. */
export const sortSides = (size: Size): readonly [number, number, number] => {
  const sides = [size.lengthMillimetres, size.widthMillimetres, size.heightMillimetres].sort((a, b) => b - a);
  return [sides[0] ?? 0, sides[1] ?? 0, sides[2] ?? 0];
};

/** Far below the hundredth of a percent that a tolerance is given in, far above the error of the product. */
const roundingError = 1e-6;

/** The larger of an absolute and a relative tolerance, in the unit of `declared`, rounded down. */
export const allowedDeviation = (declared: number, absolute: number, percent: number): number =>
  Math.max(absolute, Math.floor((declared * percent) / 100 + roundingError));

export function auditWeight(declaredGrams: number, weighedGrams: number, channel: Channel): Reason[] {
  if (weighedGrams <= 0) return [makeReason("weight.not-positive", { weighedGrams })];
  return [
    ...auditWeightDeviation(declaredGrams, weighedGrams, channel),
    ...auditWeightLimits(declaredGrams, weighedGrams, channel),
  ];
}

function auditWeightDeviation(declaredGrams: number, weighedGrams: number, channel: Channel): Reason[] {
  const { absoluteGrams, percent } = channel.weightTolerance;
  const allowedGrams = allowedDeviation(declaredGrams, absoluteGrams, percent);
  const deviationGrams = weighedGrams - declaredGrams;
  if (Math.abs(deviationGrams) <= allowedGrams) return [];
  return [makeReason("weight.deviation", { declaredGrams, weighedGrams, deviationGrams, allowedGrams })];
}

function auditWeightLimits(declaredGrams: number, weighedGrams: number, channel: Channel): Reason[] {
  const found: Reason[] = [];
  const about = { weighedGrams, channelCode: channel.code };
  if (weighedGrams > channel.maximumWeightGrams)
    found.push(makeReason("weight.over-cap", { ...about, limitGrams: channel.maximumWeightGrams }));
  if (weighedGrams <= channel.minimumWeightGrams)
    found.push(makeReason("weight.under-minimum", { ...about, limitGrams: channel.minimumWeightGrams }));
  const declaredBand = findBand(declaredGrams, channel);
  const weighedBand = findBand(weighedGrams, channel);
  if (channel.bands.length > 0 && declaredBand !== weighedBand)
    found.push(
      makeReason("weight.band-changed", {
        declaredBand: declaredBand ?? "none",
        weighedBand: weighedBand ?? "none",
      }),
    );
  return found;
}

/** Bands are open below and closed above. */
export const findBand = (weightGrams: number, channel: Channel): string | undefined =>
  channel.bands.find((band) => band.aboveGrams < weightGrams && weightGrams <= band.upToGrams)?.code;

/** Compares longest with longest, and so on down; without a declared size only the caps apply. */
export function auditSize(declared: Size | undefined, measured: Size, channel: Channel): Reason[] {
  return [...auditSizeDeviation(declared, measured, channel), ...auditSizeLimits(measured, channel)];
}

function auditSizeDeviation(declared: Size | undefined, measured: Size, channel: Channel): Reason[] {
  if (declared === undefined) return [];
  const { absoluteMillimetres, percent } = channel.sizeTolerance;
  const wanted = sortSides(declared);
  const found = sortSides(measured);
  const within = wanted.every(
    (side, index) =>
      Math.abs((found[index] ?? 0) - side) <= allowedDeviation(side, absoluteMillimetres, percent),
  );
  return within
    ? []
    : [makeReason("size.deviation", { declared: wanted.join(" x "), measured: found.join(" x ") })];
}

function auditSizeLimits(measured: Size, channel: Channel): Reason[] {
  const sides = sortSides(measured);
  const sum = sides[0] + sides[1] + sides[2];
  const found: Reason[] = [];
  const { maximumSideMillimetres: side, maximumSidesSumMillimetres: total } = channel;
  if (side !== undefined && sides[0] > side)
    found.push(makeReason("size.over-cap", { measured: sides[0], limit: side, channelCode: channel.code }));
  if (total !== undefined && sum > total)
    found.push(makeReason("size.over-cap", { measured: sum, limit: total, channelCode: channel.code }));
  return found;
}
