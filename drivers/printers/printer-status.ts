import { fail, type Failure } from "@waystation/shared/failures/result";
import type { PrinterStatusReading } from "@waystation/shared/model/reading";

/** One answer to a status question, whatever the language. */
export type PrinterStatus = {
  readonly reading: PrinterStatusReading;
  /**
   * "partial": the beginning of a label is there and its end is not. "unknown": the language cannot tell whether
   * anything is being printed. "untold": this answer cannot, another one will.
   */
  readonly work: "idle" | "busy" | "partial" | "unknown" | "untold";
  /** What else keeps it from printing, e.g. "paper jam". */
  readonly fault: string | null;
};

/** What one frame of a printer is. */
export type ReplyPart =
  | { readonly part: "status"; readonly status: PrinterStatus }
  /** The answer to the second question, where a language has one. */
  | { readonly part: "details"; readonly status: PrinterStatus }
  /** A piece of an answer that is not complete yet, or a byte that says nothing. */
  | { readonly part: "more" }
  /** null: the printer has no such counter. */
  | { readonly part: "counter"; readonly value: number | null }
  /** Everything before the question, or one print command, is done. */
  | { readonly part: "receipt"; readonly tag: string }
  /** The languages the printer says it is set to. */
  | { readonly part: "language"; readonly name: string }
  | { readonly part: "refused"; readonly reason: string };

type Flags = { readonly [Flag in "paperOut" | "ribbonOut" | "headOpen" | "paused"]?: boolean };

/** Flags a language does not have are false: it never tells them. */
export function describeStatus(
  flags: Flags,
  work: PrinterStatus["work"],
  fault: string | null = null,
): PrinterStatus {
  const { paperOut = false, ribbonOut = false, headOpen = false, paused = false } = flags;
  return { reading: { kind: "printer-status", paperOut, ribbonOut, headOpen, paused }, work, fault };
}

/** Nothing waits in it, as far as its language can ever tell. */
export const isFree = ({ work }: PrinterStatus): boolean => work === "idle" || work === "unknown";

/** What keeps this printer from printing, the cause before its consequence: an open head also pauses. */
export function findTrouble(status: PrinterStatus): Failure | null {
  const { headOpen, paperOut, ribbonOut, paused } = status.reading;
  if (headOpen) return fail("printer.head-open").failure;
  if (paperOut) return fail("printer.paper-out").failure;
  if (ribbonOut) return fail("printer.ribbon-out").failure;
  // a jam, a cutter, a hot head: whoever stands there has to look, as with a pause
  if (status.fault !== null) return fail("printer.fault", { reason: status.fault }).failure;
  return paused ? fail("printer.paused").failure : null;
}
