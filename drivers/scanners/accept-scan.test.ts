import fc from "fast-check";
import { expect, test } from "vitest";
import { z } from "zod";
import { acceptScan, scanFilterOptions } from "./accept-scan.ts";
import { readText, readTextOptions } from "./read-text.ts";

const filterSchema = z.strictObject(scanFilterOptions);
const readSchema = z.strictObject(readTextOptions);
const cases: readonly [string, z.input<typeof filterSchema>, "scan" | "refused"][] = [
  ["RB123456785GB", {}, "scan"],
  ["", {}, "refused"],
  ["42012345\u001d9205", { characters: "digits" }, "scan"],
  ["RB123456785GB", { allow: ["code-128"] }, "scan"],
  ["RB123456785GB", { allow: ["gs1-128"] }, "refused"],
  ["$%CONFIG", { refusePrefixes: ["$%"] }, "refused"],
  ["X$%CONFIG", { refusePrefixes: ["$%"] }, "scan"],
  ["1234", { minimumLength: 4, maximumLength: 4 }, "scan"],
  ["123", { minimumLength: 4 }, "refused"],
  ["12345", { maximumLength: 4 }, "refused"],
  ["AB-12", { characters: "alphanumeric" }, "refused"],
  ["AB-12", { characters: "alphanumeric", extraCharacters: "-" }, "scan"],
  ["AB12", { characters: "digits" }, "refused"],
  ["中文😀", {}, "scan"],
  ["中文", { characters: "ascii" }, "refused"],
  // turned round on a screen, this would show another number
  ["123\u202e456", {}, "refused"],
  ["A\u2028B", {}, "refused"],
];

test.each(cases)("%j with %j: %s", (data, options, kind) => {
  const readings = acceptScan(data, "code-128", filterSchema.parse(options));
  expect(readings.map((reading) => reading.kind)).toEqual([kind]);
});

test("no control character but GS ever comes out, whatever comes in and however it is set", () => {
  const text = fc.string({
    unit: fc.integer({ min: 0, max: 0x7f }).map((code) => String.fromCharCode(code)),
  });
  const options = [
    {},
    { codeId: "none" },
    { codeId: { B: "code-128" } },
    { separator: "," },
    { prefix: "\r" },
  ];
  fc.assert(
    fc.property(text, fc.constantFrom(...options), (line, settings) => {
      for (const reading of readText(line, readSchema.parse(settings))) {
        if (reading.kind === "scan") expect(reading.data).toMatch(/^[\u001d -~]+$/);
      }
    }),
    { numRuns: 2000 },
  );
});

test("of two code letters that fit, the longer one holds", () => {
  const options = readSchema.parse({ codeId: { D: "databar", DM: "datamatrix" } });
  expect(readText("DM123", options)).toEqual([{ kind: "scan", data: "123", symbology: "datamatrix" }]);
  expect(readText("D123", options)).toEqual([{ kind: "scan", data: "123", symbology: "databar" }]);
});
