import fc from "fast-check";
import { expect, test } from "vitest";
import { lintZpl, maximumLabelBytes } from "./lint.ts";

const lint = (zpl: string) => lintZpl(Uint8Array.from(zpl, (char) => char.charCodeAt(0)));
const around = (inside: string): string => `^XA^FO1,1^A0N,30^FDx^FS${inside}^XZ`;

test.each([
  "~JR", // power-on reset
  "~jr",
  "~J\r\nR",
  "\x10JR", // DLE stands for the tilde
  "\x1eJUF", // RS for the caret
  "^JUF",
  "^JUN",
  "^JMB",
  "^SZ1",
  "~DYE:X,P,P,9,1,00", // writes an object
  "~DGE:LOGO.GRF,1,1,00",
  "^DFE:A.ZPL",
  "^XFE:A.ZPL",
  "^IDE:*.*",
  "^JBE",
  "~JB",
  "^KPsecret",
  "^NS",
  "~WC",
  "~HS", // asks the printer to answer: we would take it for our own question's answer
  "^HH",
  "~JA",
  "~PP",
  "~RO1",
  "^CC!",
  "~CT!",
  "^SCa,9600",
  "^SXA",
  `^GFB,100003,1,1,~JR${"x".repeat(100_000)}`, // more raw bytes than a printer believes
  "^GFC,3,1,1,abc~JR",
  "^GFB,x,1,1,~JR",
  '\r\n! U1 setvar "a" "b"\r\n',
  '^FDa\n! U1 do "device.reset" ""\n^FS',
  "\n! 0 200 200 210 1\n",
  '{}{"device.reset":""}',
  "^PQ9999",
])("%j is refused", (inside) => {
  expect(lint(around(inside)).refusals).not.toEqual([]);
});

test.each(["^JUS", "~SD30", "~TA000", "^MNW", "^MMT", "^JMA", "^SZ2", "^XA"])("%s is a warning", (inside) => {
  const report = lint(around(inside));
  expect(report.refusals).toEqual([]);
  expect(report.warnings).not.toEqual([]);
});

test.each([
  "^FD~ ^FS",
  "^BXN,7,200,,,,~\r\n^FDx^FS",
  "^^FO1,1^FS",
  "^GFB,4,4,1,~JR^^FS",
  "~DGR:A,1,1,00",
  "^DN",
])("%j passes", (inside) => {
  expect(lint(around(inside))).toEqual({ refusals: [], warnings: [], labels: 1 });
});

test("labels are counted: copies, several formats, none for settings or stored formats", () => {
  expect(lint(around("^PQ3") + around("")).labels).toBe(4);
  expect(lint(`^XA^MCY^XZ${around("")}`).labels).toBe(1);
  expect(lint(`^XA^DFR:A.ZPL^FO1,1^FN1^FS^XZ${around("")}`).labels).toBe(1);
  expect(lint("\x02^FO1,1^FDx\x0f\x03").labels).toBe(1);
});

test("what never ends, prints nothing or is too large is refused", () => {
  expect(lint("^XA^FDx^FS").refusals).toContainEqual({ offset: 0, reason: "^XA is never closed" });
  expect(lint("hello").refusals).toContainEqual({ offset: 0, reason: "it prints nothing" });
  expect(lintZpl(new Uint8Array(maximumLabelBytes + 1)).refusals).toHaveLength(1);
});

test("any bytes get a bounded report", () => {
  const noise = fc.array(fc.constantFrom(..."^~\x10\x1e\x02JRXAZDGFB,:0199!{} U\r\n"), { maxLength: 400 });
  fc.assert(
    fc.property(
      fc.oneof(
        noise.map((chars) => chars.join("")),
        fc.string({ unit: "binary-ascii" }),
      ),
      (zpl) => {
        const report = lint(zpl);
        expect(report.refusals.length + report.warnings.length).toBeLessThanOrEqual(100);
        for (const { offset } of report.refusals) expect(offset).toBeLessThanOrEqual(zpl.length);
      },
    ),
    { numRuns: 500 },
  );
});
