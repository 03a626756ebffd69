import type { FailureCode } from "@waystation/shared/failures/catalog";
import type { PrinterStatusReading } from "@waystation/shared/model/reading";
import { decodeLatin1, quoteText } from "../kit/text.ts";

/** The three lines of ~HS (ZPL II Programming Guide, "~HS Host Status Return"). */
export type HostStatus = PrinterStatusReading & {
  readonly formatsWaiting: number;
  readonly labelsRemaining: number;
  /** The printer holds the beginning of a format whose end has not come. */
  readonly partialFormat: boolean;
};

export type ReplyPart =
  | { readonly part: "status"; readonly status: HostStatus }
  /** A line of a status that is not complete yet. */
  | { readonly part: "more" }
  /** A getvar reply; null: the printer has no such variable and said "?". */
  | { readonly part: "variable"; readonly value: number | null }
  | { readonly part: "refused"; readonly reason: string };

const fieldsPerLine = [12, 11, 2];

/** Puts the three lines together; a line out of turn is refused and a fresh first line begins anew. */
export function createReplyCollector(): (frame: Uint8Array) => ReplyPart {
  let lines: string[][] = [];

  return (frame) => {
    const text = decodeLatin1(frame);
    if (/^\d{1,12}$/.test(text)) return { part: "variable", value: Number(text) };
    if (text === "?") return { part: "variable", value: null };
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

/** Letters of the manual: b paper out, c pause, eee formats, h partial; o head up, p ribbon out, u labels remaining. */
function readStatus(first: readonly string[], second: readonly string[]): HostStatus | null {
  const flags = [first[1], first[2], first[7], second[2], second[3]];
  const formatsWaiting = Number(first[4]);
  const labelsRemaining = Number(second[8]);
  if (!flags.every((flag) => flag === "0" || flag === "1")) return null;
  if (!Number.isInteger(formatsWaiting) || !Number.isInteger(labelsRemaining)) return null;
  return {
    kind: "printer-status",
    paperOut: first[1] === "1",
    paused: first[2] === "1",
    headOpen: second[2] === "1",
    ribbonOut: second[3] === "1",
    jobsWaiting: formatsWaiting + labelsRemaining,
    formatsWaiting,
    labelsRemaining,
    partialFormat: first[7] === "1",
  };
}

/** What keeps this printer from printing, the cause before its consequence: an open head also pauses. */
export function findTrouble(status: PrinterStatusReading): FailureCode | null {
  if (status.headOpen) return "printer.head-open";
  if (status.paperOut) return "printer.paper-out";
  if (status.ribbonOut) return "printer.ribbon-out";
  return status.paused ? "printer.paused" : null;
}

export function toReading(status: HostStatus): PrinterStatusReading {
  const { kind, paperOut, ribbonOut, headOpen, paused } = status;
  return { kind, paperOut, ribbonOut, headOpen, paused, jobsWaiting: status.jobsWaiting ?? 0 };
}
