/**
 * What a device said, after its codec and before anybody judges it.
 * Units: integer grams and millimetres. A value the device did not measure is absent, never zero.
 */
export type WeightReading = {
  readonly kind: "weight";
  /** Absent on over, under and fault: there is no weight then. May be negative (net below tare). */
  readonly weightGrams?: number;
  readonly state: "stable" | "motion" | "over" | "under" | "fault";
  readonly net: boolean;
  /** The conveyor's index where a dynamic scale sends it. */
  readonly parcelIndex?: number;
};

export type SizeReading = {
  readonly kind: "size";
  readonly lengthMillimetres?: number;
  readonly widthMillimetres?: number;
  readonly heightMillimetres?: number;
  /** A DWS telegram often carries these too. */
  readonly weightGrams?: number;
  readonly barcode?: string;
  /** true when the telegram bears the configured no-read word. */
  readonly noRead?: boolean;
  readonly parcelIndex?: number;
};

export type ScanReading = {
  readonly kind: "scan";
  readonly data: string;
  /** Name of the symbology ("code-128", "gs1-128", "qr" ...), "unknown" where the scanner does not tell. */
  readonly symbology: string;
  readonly parcelIndex?: number;
};

export type PrinterStatusReading = {
  readonly kind: "printer-status";
  readonly paperOut: boolean;
  readonly ribbonOut: boolean;
  readonly headOpen: boolean;
  readonly paused: boolean;
  /** Formats in the receive buffer plus labels remaining of the current batch. */
  readonly jobsWaiting?: number;
};

export type SorterReading = {
  readonly kind: "sorter";
  readonly event:
    | "induct"
    | "assign"
    | "confirm"
    | "lost"
    | "jam"
    | "chute-full"
    | "chute-open"
    | "heartbeat";
  readonly parcelIndex?: number;
  readonly chute?: number;
  readonly barcode?: string;
  /** It waited at the device while nobody listened: when it happened is not known. */
  readonly isLate?: boolean;
  /** Under this number it waits at the sorter until Sorter.acknowledge; absent where nothing waits. */
  readonly sequence?: number;
};

/** Bytes that are no valid frame: counted and shown, never guessed at. */
export type RefusedReading = { readonly kind: "refused"; readonly reason: string };

export type Reading =
  | WeightReading
  | SizeReading
  | ScanReading
  | PrinterStatusReading
  | SorterReading
  | RefusedReading;
