import { expect, test } from "vitest";
import { encodeText } from "../kit/text.ts";
import { countLabels } from "./count-labels.ts";

test.each([
  ["^XA^FDa^FS^XZ", 1],
  ["^XA^FDa^FS^XZ\r\n^XA^FDb^FS^XZ", 2],
  ["^XA^FDa^FS^PQ3,0,1,Y^XZ", 3],
  ["^XA^DFR:LABEL.ZPL^FS^FN1^XZ^XA^XFR:LABEL.ZPL^FN1^FDx^FS^XZ", 1],
  ["^XA^FDnever ended", 0],
  ["~SD15", 0],
  ["^XZ", 0],
  ["", 0],
])("%s gives %i", (text, labels) => expect(countLabels(encodeText(text))).toBe(labels));

test("a format longer than one piece is counted once, wherever the pieces meet", () => {
  for (let padding = 8185; padding < 8195; padding += 1) {
    expect(countLabels(encodeText(`^XA${"x".repeat(padding)}^XZ^XA^FDb^XZ`))).toBe(2);
  }
});
