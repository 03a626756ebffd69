import { expect, test } from "vitest";
import { encodeText } from "../kit/text.ts";
import { parseCpclReply } from "./cpcl.ts";
import { parseEplReply } from "./epl.ts";
import { createEscposCollector } from "./escpos.ts";
import { createReplyCollector } from "./host-status.ts";
import { findTrouble, type ReplyPart } from "./printer-status.ts";
import { parseStatusByte, parseStatusFrame } from "./tspl.ts";

/** What would be told to the station: the failure's code and reason, and whether the printer works on something. */
function judge(reply: ReplyPart): readonly [work: string, code: string | null, reason: unknown] {
  if (reply.part !== "status" && reply.part !== "details") return [reply.part, null, null];
  const trouble = findTrouble(reply.status);
  return [reply.status.work, trouble?.code ?? null, trouble?.details.reason ?? null];
}

const errorFlags = (flags: string) =>
  createReplyCollector()(
    encodeText(`\r\nPRINTER STATUS\r\n ERRORS: ${flags}\r\n WARNINGS: 0 00000000 00000000\r\n`),
  );

test.each([
  ["0 00000000 00000000", null, null],
  ["1 00000000 00000001", "printer.paper-out", null],
  ["1 00000000 00010002", "printer.ribbon-out", null],
  ["1 00000000 00000005", "printer.head-open", null],
  ["1 00000000 00000008", "printer.fault", "cutter fault"],
  ["1 00000000 00000030", "printer.fault", "print head too hot, motor too hot"],
  ["1 00000000 00010000", "printer.paused", null],
  ["1 00000000 00800000", "printer.fault", "error flags 00000000 00800000"],
  ["1 00000001 00000000", "printer.fault", "error flags 00000001 00000000"],
])("~HQES %s", (flags, code, reason) => expect(judge(errorFlags(flags))).toEqual(["untold", code, reason]));

test.each([
  [0x00, "idle", null, null],
  [0x20, "busy", null, null],
  [0x02, "idle", "printer.fault", "paper jam"],
  [0x24, "busy", "printer.paper-out", null],
  [0x80, "idle", "printer.fault", "other error 0x80"],
])("TSPL ESC !? 0x%x", (byte, ...expected) => expect(judge(parseStatusByte(byte))).toEqual(expected));

test.each([
  ["@@@@", "idle", null, null],
  ["W@@@", "busy", null, null],
  ["E@A@", "idle", "printer.fault", "print head too hot"],
  ["E@@B", "idle", "printer.fault", "paper jam"],
  ["E@@@", "idle", "printer.fault", "errors 0x40 0x40"],
])("TSPL ESC !S %s", (letters, ...expected) =>
  expect(judge(parseStatusFrame(encodeText(`\u0002${letters}\u0003`)))).toEqual(expected),
);

test.each([
  ["00", null, null],
  ["01", null, null],
  ["07P003", "printer.paper-out", null],
  ["01,11", "printer.head-open", null],
  ["81", "printer.fault", "cutter"],
  ["77", "printer.fault", "error 77"],
  ["\u001562", "printer.fault", "print head too hot"],
])("EPL %j", (text, ...expected) =>
  expect(judge(parseEplReply(encodeText(text)))).toEqual(["unknown", ...expected]),
);

test("CPCL: a low battery and a reset keep no label from coming out, busy is busy", () => {
  expect(judge(parseCpclReply(Uint8Array.of(0x18)))).toEqual(["idle", null, null]);
  expect(judge(parseCpclReply(Uint8Array.of(0x01)))).toEqual(["busy", null, null]);
});

test.each([
  [[0x12, 0x12, 0x12, 0x12], null, null],
  [[0x1a, 0x12, 0x12, 0x12], "printer.paused", null],
  [[0x1a, 0x52, 0x1a, 0x12], "printer.fault", "cutter"],
  [[0x1a, 0x72, 0x12, 0x72], "printer.paper-out", null],
  [[0x1a, 0x52, 0x12, 0x12], "printer.fault", "error"],
])("ESC/POS %j", (bytes, ...expected) => {
  const collect = createEscposCollector(["printer", "offline", "error", "paper"]);
  const parts = bytes.map((byte) => collect(Uint8Array.of(byte)));
  expect(parts.slice(0, 3).map(({ part }) => part)).toEqual(["more", "more", "more"]);
  expect(judge(parts[3] ?? { part: "more" })).toEqual(["unknown", ...expected]);
});
