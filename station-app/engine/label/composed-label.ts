export type ComposedLabel = {
  /** What goes to the printer, byte for byte. */
  readonly bytes: Uint8Array;
  readonly format: "zpl-carrier" | "png-carrier" | "house";
  /** How many labels come out. */
  readonly labels: number;
};
