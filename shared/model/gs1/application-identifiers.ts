/**
 * GS1 application identifiers (General Specifications 3.2; GS1 Barcode Syntax Dictionary).
 *
 * `format` lists a value's parts: N digits, X character set 82, Y character set 39, then the length or
 * least..most. In `ais`, "31-36" is a range and a trailing "n" stands for the digits 0 to `decimals`.
 */
type Row = {
  readonly ais: string;
  readonly format: string;
  /** Of predefined length: no separator behind it (General Specifications 7.8.5, figure 2). */
  readonly fixed?: true;
  /** Start and end of the digits whose last is their modulo 10 check digit. */
  readonly check?: readonly [start: number, end: number];
  readonly date?: true;
  readonly decimals?: number;
  /** The first three digits are an ISO 4217 number. */
  readonly currency?: true;
};

const rows: readonly Row[] = [
  { ais: "00", format: "N18", fixed: true, check: [0, 18] },
  { ais: "01-03", format: "N14", fixed: true, check: [0, 14] },
  { ais: "10", format: "X1..20" },
  { ais: "11-13", format: "N6", fixed: true, date: true },
  { ais: "15-17", format: "N6", fixed: true, date: true },
  { ais: "20", format: "N2", fixed: true },
  { ais: "21-22", format: "X1..20" },
  { ais: "235", format: "X1..28" },
  { ais: "240-241", format: "X1..30" },
  { ais: "242", format: "N1..6" },
  { ais: "243", format: "X1..20" },
  { ais: "250-251", format: "X1..30" },
  { ais: "253", format: "N13 X0..17", check: [0, 13] },
  { ais: "254", format: "X1..20" },
  { ais: "255", format: "N13 N0..12", check: [0, 13] },
  { ais: "30", format: "N1..8" },
  { ais: "37", format: "N1..8" },
  { ais: "310n-316n", format: "N6", fixed: true, decimals: 5 },
  { ais: "320n-337n", format: "N6", fixed: true, decimals: 5 },
  { ais: "340n-357n", format: "N6", fixed: true, decimals: 5 },
  { ais: "360n-369n", format: "N6", fixed: true, decimals: 5 },
  { ais: "390n", format: "N1..15", decimals: 9 },
  { ais: "391n", format: "N3 N1..15", decimals: 9, currency: true },
  { ais: "392n", format: "N1..15", decimals: 9 },
  { ais: "393n", format: "N3 N1..15", decimals: 9, currency: true },
  { ais: "394n", format: "N4", decimals: 3 },
  { ais: "395n", format: "N6", decimals: 5 },
  { ais: "400-401", format: "X1..30" },
  { ais: "402", format: "N17", check: [0, 17] },
  { ais: "403", format: "X1..30" },
  { ais: "410-417", format: "N13", fixed: true, check: [0, 13] },
  { ais: "420", format: "X1..20" },
  { ais: "421", format: "N3 X1..9" },
  { ais: "422", format: "N3" },
  { ais: "423", format: "N3..15" },
  { ais: "424", format: "N3" },
  { ais: "425", format: "N3..15" },
  { ais: "426", format: "N3" },
  { ais: "427", format: "X1..3" },
  { ais: "4300-4301", format: "X1..35" },
  { ais: "4302-4306", format: "X1..70" },
  { ais: "4307", format: "X2" },
  { ais: "4308", format: "X1..30" },
  { ais: "4309", format: "N20" },
  { ais: "4310-4311", format: "X1..35" },
  { ais: "4312-4316", format: "X1..70" },
  { ais: "4317", format: "X2" },
  { ais: "4318", format: "X1..20" },
  { ais: "4319", format: "X1..30" },
  { ais: "4320", format: "X1..35" },
  { ais: "4321-4323", format: "N1" },
  { ais: "4324-4325", format: "N10" },
  { ais: "4326", format: "N6", date: true },
  { ais: "4330-4333", format: "N6 X0..1" },
  { ais: "7001", format: "N13" },
  { ais: "7002", format: "X1..30" },
  { ais: "7003", format: "N10" },
  { ais: "7004", format: "N1..4" },
  { ais: "7005", format: "X1..12" },
  { ais: "7006", format: "N6", date: true },
  { ais: "7007", format: "N6 N0..6" },
  { ais: "7008", format: "X1..3" },
  { ais: "7009", format: "X1..10" },
  { ais: "7010", format: "X1..2" },
  { ais: "7011", format: "N6 N0..4" },
  { ais: "7020-7022", format: "X1..20" },
  { ais: "7023", format: "X1..30" },
  { ais: "7030-7039", format: "N3 X1..27" },
  { ais: "7040", format: "N1 X3" },
  { ais: "710-715", format: "X1..20" },
  { ais: "7230-7239", format: "X2 X1..28" },
  { ais: "7240", format: "X1..20" },
  { ais: "7241", format: "N2" },
  { ais: "7242", format: "X1..25" },
  { ais: "8001", format: "N14" },
  { ais: "8002", format: "X1..20" },
  { ais: "8003", format: "N14 X0..16", check: [1, 14] },
  { ais: "8004", format: "X1..30" },
  { ais: "8005", format: "N6" },
  { ais: "8006", format: "N18", check: [0, 14] },
  { ais: "8007", format: "X1..34" },
  { ais: "8008", format: "N8 N0..4" },
  { ais: "8009", format: "X1..50" },
  { ais: "8010", format: "Y1..30" },
  { ais: "8011", format: "N1..12" },
  { ais: "8012", format: "X1..20" },
  { ais: "8013", format: "X1..25" },
  { ais: "8017-8018", format: "N18", check: [0, 18] },
  { ais: "8019", format: "N1..10" },
  { ais: "8020", format: "X1..25" },
  { ais: "8026", format: "N18", check: [0, 14] },
  { ais: "8030", format: "X1..90" },
  { ais: "8110", format: "X1..70" },
  { ais: "8111", format: "N4" },
  { ais: "8112", format: "X1..70" },
  { ais: "8200", format: "X1..70" },
  { ais: "90", format: "X1..30" },
  { ais: "91-99", format: "X1..90" },
];

export type AiDefinition = {
  readonly ai: string;
  readonly minLength: number;
  readonly maxLength: number;
  /** What a value of permitted length must look like. */
  readonly pattern: RegExp;
  readonly fixed: boolean;
  readonly check: readonly [start: number, end: number] | null;
  readonly date: boolean;
  /** Digits behind the decimal point, from the identifier's last digit; null where there is none. */
  readonly decimals: number | null;
  readonly currency: boolean;
};

const characterSets: Readonly<Record<string, string>> = {
  N: "[0-9]",
  X: "[!\"%&'()*+,\\-./0-9:;<=>?A-Z_a-z]",
  Y: "[#\\-/0-9A-Z]",
};

const definitions: ReadonlyMap<string, AiDefinition> = new Map(
  rows.flatMap(defineRow).map((definition) => [definition.ai, definition]),
);

/** The definition whose identifier stands at `at`. No identifier begins another, so there is at most one. */
export function findAi(text: string, at: number): AiDefinition | null {
  for (const length of [2, 3, 4]) {
    const found = definitions.get(text.slice(at, at + length));
    if (found !== undefined) return found;
  }
  return null;
}

function defineRow(row: Row): AiDefinition[] {
  const parts = row.format.split(" ").map(readPart);
  const shared = {
    minLength: parts.reduce((sum, part) => sum + part.least, 0),
    maxLength: parts.reduce((sum, part) => sum + part.most, 0),
    pattern: new RegExp(`^${parts.map((part) => `${part.set}{${part.least},${part.most}}`).join("")}$`),
    fixed: row.fixed ?? false,
    check: row.check ?? null,
    date: row.date ?? false,
    currency: row.currency ?? false,
  };
  return expand(row).map(({ ai, decimals }) => ({ ...shared, ai, decimals }));
}

function readPart(part: string): { set: string; least: number; most: number } {
  const [least = "", most = least] = part.slice(1).split("..");
  return { set: characterSets[part.charAt(0)] ?? "", least: Number(least), most: Number(most) };
}

function expand(row: Row): { ai: string; decimals: number | null }[] {
  const [first = "", last = first] = row.ais.replaceAll("n", "").split("-");
  const { decimals } = row;
  const ais: { ai: string; decimals: number | null }[] = [];
  for (let number = Number(first); number <= Number(last); number += 1) {
    const ai = String(number).padStart(first.length, "0");
    if (decimals === undefined) ais.push({ ai, decimals: null });
    else
      for (let digit = 0; digit <= decimals; digit += 1) ais.push({ ai: `${ai}${digit}`, decimals: digit });
  }
  return ais;
}
