export type BarcodeCarrier = "dhl" | "dpd" | "fedex" | "gs1" | "s10" | "sscc" | "ups" | "usps" | "yunexpress";

export type BarcodeMatch = {
  readonly carrier: BarcodeCarrier;
  /** The number one would track: upper-case, without blanks, routing or symbology prefix. */
  readonly trackingNumber: string;
  /** null where the form carries no check digit. */
  readonly checkDigitValid: boolean | null;
  /** Name of the carrier's number form. */
  readonly name: string;
};

/**
 * What the form alone tells, its check digit apart. `prefix`: fixed characters name the carrier. `structure`:
 * a layout few others share. `length`: so many digits, nothing more; a wrong check digit then means another
 * kind of number, not a misread one.
 */
export type Evidence = "prefix" | "structure" | "length";

export type Candidate = BarcodeMatch & {
  readonly evidence: Evidence;
  /** Other numbers the same parcel may be filed under. */
  readonly aliases: readonly string[];
};

/** One number form of a carrier. The functions are only called with data that `shape` let through. */
export type Format = {
  readonly name: string;
  /** Anchored at both ends and free of nested repetition: linear in the (bounded) data. */
  readonly shape: RegExp;
  readonly evidence: Evidence;
  /** Absent where the form has no check digit. */
  readonly isValid?: (data: string) => boolean;
  /** Absent where all of the data is the tracking number. */
  readonly trackingNumber?: (data: string) => string;
  readonly aliases?: (data: string) => readonly string[];
};

export function readFormats(carrier: BarcodeCarrier, formats: readonly Format[], data: string): Candidate[] {
  return formats.flatMap((format) => {
    if (!format.shape.test(data)) return [];
    const checkDigitValid = format.isValid === undefined ? null : format.isValid(data);
    if (checkDigitValid === false && format.evidence === "length") return [];
    return {
      carrier,
      trackingNumber: format.trackingNumber?.(data) ?? data,
      checkDigitValid,
      name: format.name,
      evidence: format.evidence,
      aliases: format.aliases?.(data) ?? [],
    };
  });
}

/** Does the last character equal what `compute` says of those before it? */
export function endsWithCheck(data: string, compute: (body: string) => string): boolean {
  return data.slice(-1) === compute(data.slice(0, -1));
}
