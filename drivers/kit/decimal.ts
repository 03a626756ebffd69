/** A decimal as the device wrote it, exact: value = digits / 10^decimals. */
export type Decimal = { readonly digits: bigint; readonly decimals: number };
/** An exact factor, e.g. one pound = 45359237 / 100000 grams. */
export type Ratio = { readonly numerator: bigint; readonly denominator: bigint };

const pattern = /^([+-]?) *(\d{1,12})(?:\.(\d{0,9}))?$/;

/** Grams per unit. International avoirdupois pound: exactly 0.45359237 kg; troy ounce: 31.1034768 g. */
const gramsPerUnit: ReadonlyMap<string, Ratio> = new Map([
  ["mg", ratio(1n, 1000n)],
  ["g", ratio(1n, 1n)],
  ["kg", ratio(1000n, 1n)],
  ["t", ratio(1_000_000n, 1n)],
  ["ct", ratio(1n, 5n)],
  ["lb", ratio(45_359_237n, 100_000n)],
  ["oz", ratio(45_359_237n, 1_600_000n)],
  ["ozt", ratio(311_034_768n, 10_000_000n)],
]);

const millimetresPerUnit: ReadonlyMap<string, Ratio> = new Map([
  ["mm", ratio(1n, 1n)],
  ["cm", ratio(10n, 1n)],
  ["m", ratio(1000n, 1n)],
  ["in", ratio(254n, 10n)],
]);

function ratio(numerator: bigint, denominator: bigint): Ratio {
  return { numerator, denominator };
}

/** Plain decimal notation only; an exponent, a comma or a second sign is null. */
export function parseDecimal(text: string): Decimal | null {
  const match = pattern.exec(text.trim());
  if (!match) return null;
  const fraction = match[3] ?? "";
  const magnitude = BigInt(`${match[2]}${fraction}`);
  return { digits: match[1] === "-" ? -magnitude : magnitude, decimals: fraction.length };
}

/** Rounds half away from zero, as weighing instruments do; null beyond the safe integers. */
export function scaleToInteger(value: Decimal, factor: Ratio): number | null {
  const numerator = value.digits * factor.numerator;
  const denominator = 10n ** BigInt(value.decimals) * factor.denominator;
  const magnitude = numerator < 0n ? -numerator : numerator;
  const rounded = Number((2n * magnitude + denominator) / (2n * denominator));
  if (!Number.isSafeInteger(rounded)) return null;
  return numerator < 0n && rounded !== 0 ? -rounded : rounded;
}

/** "1.2345", "kg" -> 1235. Null where the number or the unit is not understood. */
export function toGrams(text: string, unit: string): number | null {
  return convert(text, gramsPerUnit.get(unit.toLowerCase()));
}

export function toMillimetres(text: string, unit: string): number | null {
  return convert(text, millimetresPerUnit.get(unit.toLowerCase()));
}

function convert(text: string, factor: Ratio | undefined): number | null {
  const value = parseDecimal(text);
  return value && factor ? scaleToInteger(value, factor) : null;
}
