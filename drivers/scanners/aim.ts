/** AIM symbology identifiers (ISO/IEC 15424): `]`, a code letter, a modifier. */
const exactNames: Readonly<Record<string, string>> = {
  "]C1": "gs1-128",
  "]d2": "gs1-datamatrix",
  "]Q3": "gs1-qr",
  "]J1": "gs1-dotcode",
  "]E4": "ean-8",
};

const familyNames: Readonly<Record<string, string>> = {
  A: "code-39",
  C: "code-128",
  d: "datamatrix",
  e: "gs1-databar",
  E: "ean-13",
  F: "codabar",
  G: "code-93",
  I: "itf",
  J: "dotcode",
  L: "pdf417",
  M: "msi",
  Q: "qr",
  S: "industrial-2-of-5",
  U: "maxicode",
  X: "other",
  z: "aztec",
};

/** Name of the symbology a scan begins with, "unknown" for an id we have no name for, null without an id. */
export function findSymbology(text: string): string | null {
  const id = /^\][A-Za-z][0-9A-Za-z]/.exec(text)?.[0];
  if (id === undefined) return null;
  return exactNames[id] ?? familyNames[id.charAt(1)] ?? "unknown";
}
