const longestMonths = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] as const;

/** YYMMDD; day 00 means the whole month. The century is not known here, so 29 February passes in any year. */
export function isGs1Date(value: string): boolean {
  const month = Number(value.slice(2, 4));
  return Number(value.slice(4, 6)) <= (longestMonths[month - 1] ?? -1);
}

/**
 * ISO date of a YYMMDD value. The century is the one that brings the year nearest to the current one (General
 * Specifications 7.12); day 00 is the last of its month. Null for a day that year's February does not have.
 */
export function readGs1Date(value: string, currentYear: number): string | null {
  if (!/^\d{6}$/.test(value) || !isGs1Date(value)) return null;
  const year = nearestYear(Number(value.slice(0, 2)), currentYear);
  const month = Number(value.slice(2, 4));
  const lastDay = month === 2 && !isLeapYear(year) ? 28 : (longestMonths[month - 1] ?? 0);
  const day = Number(value.slice(4, 6)) || lastDay;
  if (day > lastDay) return null;
  return `${year}-${value.slice(2, 4)}-${String(day).padStart(2, "0")}`;
}

/** At most 50 years ahead and 49 back. */
function nearestYear(yearOfCentury: number, currentYear: number): number {
  const year = currentYear - (currentYear % 100) + yearOfCentury;
  if (year - currentYear > 50) return year - 100;
  return year - currentYear < -49 ? year + 100 : year;
}

function isLeapYear(year: number): boolean {
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
}

/** Sets the decimal point: ("001250", 3) is "1.250". Text, because a float would not be exact. */
export function placeDecimalPoint(digits: string, decimals: number): string {
  const padded = digits.padStart(decimals + 1, "0");
  const whole = padded.slice(0, padded.length - decimals).replace(/^0+(?=\d)/, "");
  return decimals === 0 ? whole : `${whole}.${padded.slice(padded.length - decimals)}`;
}
