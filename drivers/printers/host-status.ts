import { decodeLatin1, quoteText } from "../kit/text.ts";
import { describeStatus, type PrinterStatus, type ReplyPart } from "./printer-status.ts";

const fieldsPerLine = [12, 11, 2];

/**
 * Puts the three lines of ~HS together (ZPL II Programming Guide, "~HS Host Status Return"); a line out of turn is
 * refused and a fresh first line begins anew. ~HQES and variables come in one frame each.
 */
export function createReplyCollector(): (frame: Uint8Array) => ReplyPart {
  let lines: string[][] = [];

  return (frame) => {
    const text = decodeLatin1(frame);
    if (/^\d{1,12}$/.test(text)) return { part: "counter", value: Number(text) };
    if (text === "?") return { part: "counter", value: null };
    if (/^[a-z_]{3,40}$/.test(text)) return { part: "language", name: text };
    if (text.includes("PRINTER STATUS")) return readErrorFlags(text);
    const fields = text.split(",");
    if (fields.length === fieldsPerLine[0]) lines = [];
    const expected = fieldsPerLine[lines.length];
    if (fields.length !== expected || !fields.every((field) => /^[0-9A-Z]{1,8}$/.test(field))) {
      lines = [];
      return { part: "refused", reason: `not a printer reply: ${quoteText(text)}` };
    }
    lines.push(fields);
    if (lines.length < fieldsPerLine.length) return { part: "more" };
    const status = readStatus(lines[0] ?? [], lines[1] ?? []);
    lines = [];
    return status ? { part: "status", status } : { part: "refused", reason: "status without numbers" };
  };
}

/** Letters of the manual: b paper out, c pause, eee formats, h partial, j RAM lost, k cold, l hot; o head up ... */
function readStatus(first: readonly string[], second: readonly string[]): PrinterStatus | null {
  const flags = [first[1], first[2], first[7], second[2], second[3]];
  const formatsWaiting = Number(first[4]);
  const labelsRemaining = Number(second[8]);
  if (!flags.every((flag) => flag === "0" || flag === "1")) return null;
  if (!Number.isInteger(formatsWaiting) || !Number.isInteger(labelsRemaining)) return null;
  const jobsWaiting = formatsWaiting + labelsRemaining;
  const { reading } = describeStatus(
    {
      paperOut: first[1] === "1",
      paused: first[2] === "1",
      headOpen: second[2] === "1",
      ribbonOut: second[3] === "1",
    },
    "untold",
  );
  const idle = first[7] === "1" ? "partial" : "idle";
  return { reading: { ...reading, jobsWaiting }, work: jobsWaiting > 0 ? "busy" : idle, fault: null };
}

/** Bits of the second number behind ERRORS (~HQES, "Error Flags"); media, ribbon, head and pause have a field. */
const flagBits = { paperOut: 0x1, ribbonOut: 0x2, headOpen: 0x4, paused: 0x1_0000 } as const;
const faultBits: ReadonlyMap<number, string> = new Map([
  [0x8, "cutter fault"],
  [0x10, "print head too hot"],
  [0x20, "motor too hot"],
  [0x40, "bad print head element"],
  [0x80, "print head not detected"],
  [0x100, "invalid firmware"],
  [0x200, "print head thermistor open"],
  [0x2_0000, "retract timed out"],
  [0x4_0000, "black mark not calibrated"],
  [0x8_0000, "black mark not found"],
]);
const knownBits = [...Object.values(flagBits), ...faultBits.keys()].reduce((all, bit) => all | bit, 0);

/** PRINTER STATUS / ERRORS: flag group2 group1 / WARNINGS: ... Warnings keep no label from coming out. */
function readErrorFlags(text: string): ReplyPart {
  const match =
    /ERRORS: +([01]) ([0-9A-F]{8}) ([0-9A-F]{8})\s+WARNINGS: +[01] [0-9A-F]{8} [0-9A-F]{8}\s*$/.exec(text);
  if (!match) return { part: "refused", reason: `not a printer reply: ${quoteText(text)}` };
  const hasErrors = match[1] === "1";
  const bits = hasErrors ? Number.parseInt(match[3] ?? "0", 16) : 0;
  const named = [...faultBits].filter(([bit]) => (bits & bit) !== 0).map(([, name]) => name);
  const isOther = hasErrors && ((bits & ~knownBits) !== 0 || bits === 0);
  const faults = isOther ? [...named, `error flags ${match[2]} ${match[3]}`] : named;
  const has = (flag: keyof typeof flagBits) => (bits & flagBits[flag]) !== 0;
  const flags = {
    paperOut: has("paperOut"),
    ribbonOut: has("ribbonOut"),
    headOpen: has("headOpen"),
    paused: has("paused"),
  };
  const status = describeStatus(flags, "untold", faults.length > 0 ? faults.join(", ") : null);
  return { part: "details", status };
}
