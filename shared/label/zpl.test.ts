import fc from "fast-check";
import { expect, test } from "vitest";
import type { LabelDocument, LabelElement } from "./label-document.ts";
import { lintZpl } from "./lint.ts";
import { encodeZpl } from "./zpl.ts";
import { readZplCommands } from "./zpl-commands.ts";

const label = (elements: readonly LabelElement[]): LabelDocument => ({
  widthMillimetres: 100,
  heightMillimetres: 150,
  dotsPerInch: 203,
  elements,
});

const encode = (elements: readonly LabelElement[]): string => {
  const zpl = encodeZpl(label(elements), () => [{ yOffsetDots: 0, command: "^GFA,1,1,1,80" }]);
  if (!zpl.ok) throw new Error(String(zpl.failure.details.reason));
  return zpl.value;
};

const head = "^XA ^CI ^PW ^LL ^MU ^LH ^LS ^PO ^PM ^LR ^FW";
const names = (zpl: string): string =>
  readZplCommands(zpl)
    .map((command) => command.name)
    .join(" ");

/** What a printer makes of `^FH_`: every `_xx` one byte, then UTF-8 (`^CI28`). */
function decodeField(parameters: string): string {
  const bytes = parameters.replace(/_([0-9A-F]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  );
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(
    Uint8Array.from(bytes, (char) => char.charCodeAt(0)),
  );
}

const fields = (zpl: string): string[] =>
  readZplCommands(zpl)
    .filter((command) => command.name === "^FD")
    .map((command) => decodeField(command.parameters));

const attacks = [
  "^FS^XZ~JR^XA",
  "~JR",
  "\x10JR\x1eXZ\x02\x03\x0f",
  '\r\n! U1 setvar "device.languages" "line_print"\r\n',
  '! U1 do "device.reset" ""\r\n',
  '{}{"file.delete":"E:*.*"}',
  "_5EXZ_7EJR",
  "\\&^FH\\^FD\\5E",
  "^CC!!XZ",
  "\u0000\u001b\u007f\u0085\u2028",
];
const hostileText = fc.oneof(
  fc.string({ unit: "binary", maxLength: 60 }),
  fc
    .array(fc.constantFrom(..."^~_\\!{}>,;:\r\n\x02\x03\x10\x1e05AEFGJRSUXZ é张"), { maxLength: 40 })
    .map((a) => a.join("")),
  fc.constantFrom(...attacks),
  fc.tuple(fc.string(), fc.constantFrom(...attacks), fc.string()).map((parts) => parts.join("")),
);

test("no text adds a command, and every text comes back as it was", () => {
  fc.assert(
    fc.property(hostileText, hostileText, hostileText, (line, code, matrix) => {
      const at = { xDots: 1, yDots: 2 };
      const elements: LabelElement[] = [
        { ...at, kind: "text", text: line, heightDots: 30, maximumWidthDots: 700 },
      ];
      let expected = `${head} ^FO ^A ^FH ^FD ^FS`;
      if (code.length > 0) {
        elements.push({ ...at, kind: "qr", data: code, moduleDots: 4 });
        expected += " ^FO ^BQ ^FH ^FD ^FS";
      }
      if (matrix.length > 0 && [..."#$%&*+@"].some((char) => !matrix.includes(char))) {
        elements.push({ ...at, kind: "datamatrix", data: matrix, moduleDots: 4 });
        expected += " ^FO ^BX ^FH ^FD ^FS";
      }
      const zpl = encode(elements);
      expect(names(zpl)).toBe(`${expected} ^PQ ^XZ`);
      const [text, qr, datamatrix] = fields(zpl);
      expect(text).toBe(line.toWellFormed());
      if (elements.some((element) => element.kind === "qr")) expect(qr).toBe(`QA,${code.toWellFormed()}`);
      if (elements.at(-1)?.kind === "datamatrix") expect([qr, datamatrix]).toContain(matrix.toWellFormed());
      expect(zpl).toMatch(/^[\x20-\x7e\n]*$/);
      expect(zpl).not.toMatch(/!|\{|\}/);
      expect(lintZpl(new TextEncoder().encode(zpl))).toEqual({ refusals: [], warnings: [], labels: 1 });
    }),
    { numRuns: 1500 },
  );
});

test("a Data Matrix gets an escape character its data does not contain", () => {
  const element = { kind: "datamatrix", xDots: 0, yDots: 0, data: "#$1_1~d065", moduleDots: 5 } as const;
  expect(encode([element])).toContain("^BXN,5,200,,,,%^FH_^FD#$1_5F1_7Ed065^FS");
});

test("the head undoes what a carrier's label may have left in the printer", () => {
  expect(encode([]).split("\n")[0]).toBe("^XA^CI28^PW799^LL1199^MUD^LH0,0^LS0^PON^PMN^LRN^FWN,0");
});

test("boxes, images and barcodes are placed in whole dots", () => {
  const zpl = encode([
    { kind: "box", xDots: 10, yDots: 20, widthDots: 300, heightDots: 2, thicknessDots: 2 },
    {
      kind: "image",
      xDots: 5,
      yDots: 6,
      bitmap: { widthPixels: 1, heightPixels: 1, rows: Uint8Array.of(0x80) },
    },
    { kind: "code128", xDots: 1, yDots: 1, data: "AB12", heightDots: 90, moduleDots: 2 },
    {
      kind: "gs1-128",
      xDots: 1,
      yDots: 1,
      data: [
        { identifier: "420", value: "90210" },
        { identifier: "92", value: "05123456" },
      ],
      heightDots: 90,
      moduleDots: 2,
    },
  ]);
  expect(zpl.split("\n").slice(1, -2)).toEqual([
    "^FO10,20^GB300,2,2^FS",
    "^FO5,6^GFA,1,1,1,80^FS",
    "^FO1,1^BY2^BCN,90,N,N,N,N^FH_^FD>:AB12^FS",
    "^FO1,1^BY2^BCN,90,N,N,N,N^FH_^FD>;>842090210>89205123456^FS",
  ]);
  const halfDot = {
    kind: "box",
    xDots: 0.5,
    yDots: 0,
    widthDots: 1,
    heightDots: 1,
    thicknessDots: 1,
  } as const;
  expect(() => encode([halfDot])).toThrow("0.5 is not a number of dots");
});

test("what does not fit its field is a failure, not a cut", () => {
  const at = { xDots: 0, yDots: 0 };
  const long = encodeZpl(
    label([{ ...at, kind: "text", text: "张".repeat(1025), heightDots: 20, maximumWidthDots: 100 }]),
    () => [],
  );
  expect(long).toMatchObject({ ok: false, failure: { code: "label.invalid" } });
  for (const data of ["", "x".repeat(1001)]) {
    const qr = encodeZpl(label([{ ...at, kind: "qr", data, moduleDots: 4 }]), () => []);
    expect(qr).toMatchObject({ ok: false, failure: { code: "label.invalid" } });
  }
});
