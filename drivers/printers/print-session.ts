import { fail, type Failure, type Result, succeed } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import type { Session, SessionContext } from "../kit/family.ts";
import { createQuestion } from "../kit/question.ts";
import { createPrintJobs, type Proof } from "./print-job.ts";
import { findTrouble, type PrinterStatus, type ReplyPart } from "./printer-status.ts";

/** What every printer's site may set. */
export const printerOptions = {
  pollMs: z.int().min(20).max(5000).default(100),
  /** No answer for so long is silence, a fault: many printers say nothing while open or out of labels. */
  silenceMs: z.int().min(200).max(30_000).default(2000),
  /** After a crash: idle and unchanged for so long proves that nothing is still on its way. */
  settleMs: z.int().min(0).max(30_000).default(1000),
};
type CommonOptions = { readonly pollMs: number; readonly silenceMs: number; readonly settleMs: number };

/** How one language asks and understands; everything else is the same for all. */
export type PrinterLanguage = {
  readonly askStatus: Uint8Array;
  /** Labels printed in the printer's life; null: nothing to ask. */
  readonly askCounter: Uint8Array | null;
  readonly countLabels: (bytes: Uint8Array) => number;
  /** A fresh one for every connection. */
  readonly createCollector: () => (frame: Uint8Array) => ReplyPart;
  readonly proof: Proof;
  /** For proof "receipt": what is sent behind the n-th job, and how many receipts of that tag make it done. */
  readonly receipt?: (job: number, bytes: Uint8Array) => ExpectedReceipts;
  /** Sent once on every connection. */
  readonly greeting?: Uint8Array;
  /** The receipt's request carries the job; nothing of it is written before. */
  readonly isSubmittedWhole?: boolean;
  /** Any byte may pass for an answer: one that nobody asked for is refused. */
  readonly isUnframed?: boolean;
  /** A second question, asked when the first stays unanswered or tells of trouble. */
  readonly askDetails?: Uint8Array;
  readonly cancelPartial?: Uint8Array;
  /** What to suspect when both questions stay unanswered. */
  readonly silenceHint?: string;
  /** The languages in which the printer understands us. */
  readonly understands?: RegExp;
};

export type ExpectedReceipts = {
  readonly request: Uint8Array | null;
  readonly tag: string;
  readonly count: number;
};

/** The conversation with a printer of any language. */
export function createPrinterSession(
  context: SessionContext<CommonOptions>,
  language: PrinterLanguage,
): Session<"printer"> {
  const { options, clock } = context;
  let collect = language.createCollector();
  let connection = 0;

  const questions = createQuestions(context, language);
  const { status, odometer } = questions;
  const receipts = createReceipts(context, language);
  const readOdometer = async (timeoutMs: number): Promise<Result<number | null>> =>
    language.askCounter === null ? succeed(null) : odometer.ask(timeoutMs);

  const jobs = createPrintJobs({
    deviceId: context.deviceId,
    clock,
    pollMs: options.pollMs,
    settleMs: options.settleMs,
    proof: language.proof,
    receipts,
    countLabels: language.countLabels,
    readStatus: status.ask,
    readOdometer,
    write: language.isSubmittedWhole === true ? () => succeed(null) : context.write,
    bufferedBytes: context.bufferedBytes,
    cancelPartialFormat: () => {
      if (language.cancelPartial) context.write(language.cancelPartial);
    },
    connection: () => (context.isOpen() ? connection : null),
  });
  const display = createDisplay(context, language);

  return {
    commands: {
      print: jobs.print,
      resolveJob: jobs.resolveJob,
      readOdometer: async (timeoutMs) =>
        language.askCounter === null ? succeed(null) : jobs.readOdometer(timeoutMs),
    },
    readyOn: "session",
    probe: {
      ask: () => void status.ask(options.silenceMs),
      idleMs: 2000,
      // the question itself says why it gave up; this is for the rest
      answerMs: options.silenceMs + 100,
      isBusy: jobs.isBusy,
    },
    onOpen: () => {
      connection += 1;
      collect = language.createCollector();
      display.forget();
      if (language.greeting !== undefined) context.write(language.greeting);
    },
    onFrame: (frame) => {
      const reply = collect(frame);
      if (reply.part === "status" && language.isUnframed && !questions.isStatusAwaited()) {
        context.emit({ kind: "refused", reason: `nobody asked for 0x${frame[0]?.toString(16)}` });
      } else if (reply.part === "status" || reply.part === "details") {
        display.show(reply.status, reply.part);
        questions.answer(reply.status);
      } else if (reply.part === "counter") odometer.answer(reply.value);
      else if (reply.part === "receipt") receipts.receive(reply.tag);
      else if (reply.part === "language") questions.receiveLanguage(reply.name);
      else if (reply.part === "refused") context.emit({ kind: "refused", reason: reply.reason });
    },
    onDown: questions.abandon,
  };
}

/** The status question, the second one asked in its stead, and the counter. */
function createQuestions(context: SessionContext<CommonOptions>, language: PrinterLanguage) {
  const { clock, options } = context;
  const { askDetails } = language;
  // the second question has its turn within the same patience
  const patienceMs = askDetails === undefined ? options.silenceMs : options.silenceMs / 2;

  const giveUp = (failure: Failure) => {
    if (language.silenceHint !== undefined) context.emit({ kind: "refused", reason: language.silenceHint });
    context.drop(failure);
  };
  const details = createQuestion<PrinterStatus>({
    clock,
    silenceMs: patienceMs,
    send: () => context.write(askDetails ?? language.askStatus),
    onSilent: giveUp,
  });
  let isStatusAwaited = false;
  const status = createQuestion<PrinterStatus>({
    clock,
    silenceMs: patienceMs,
    send: () => {
      isStatusAwaited = true;
      return context.write(language.askStatus);
    },
    onSilent: (failure) => {
      if (askDetails === undefined) giveUp(failure);
      else void details.ask(options.silenceMs);
    },
  });
  const odometer = createQuestion<number | null>({
    clock,
    silenceMs: options.silenceMs,
    send: () => context.write(language.askCounter ?? language.askStatus),
    onSilent: context.drop,
  });

  return {
    status,
    odometer,
    isStatusAwaited: () => isStatusAwaited,
    answer: (received: PrinterStatus) => {
      isStatusAwaited = false;
      details.answer(received);
      status.answer(received);
    },
    receiveLanguage: (name: string) => {
      if (language.understands?.test(name) !== false) return;
      context.emit({ kind: "refused", reason: `the printer is set to ${name}: it prints our questions` });
      context.drop(fail("device.silent").failure);
    },
    abandon: (failure: Failure) => {
      isStatusAwaited = false;
      status.abandon(failure);
      details.abandon(failure);
      odometer.abandon(failure);
    },
  };
}

/** Health and readings from the answers, each news once: a printer is asked ten times a second while it prints. */
function createDisplay(context: SessionContext<CommonOptions>, language: PrinterLanguage) {
  let shown = "";
  let shownFlags = "";
  let trouble: string | null = null;

  return {
    show: (status: PrinterStatus, part: "status" | "details") => {
      const found = findTrouble(status);
      context.reportHealth(found);
      const isNewTrouble = found !== null && found.code !== trouble;
      trouble = found?.code ?? null;
      if (isNewTrouble && part === "status" && language.askDetails) context.write(language.askDetails);
      const text = JSON.stringify(status.reading);
      const { jobsWaiting: _, ...flags } = status.reading;
      const flagsText = JSON.stringify(flags);
      // the second question does not tell what waits: it adds nothing where the flags are the same
      const isNews = part === "details" ? flagsText !== shownFlags : text !== shown;
      if (isNews) context.emit(status.reading);
      shown = isNews ? text : shown;
      shownFlags = flagsText;
    },
    forget: () => {
      shown = "";
      shownFlags = "";
      trouble = null;
    },
  };
}

/** Counts what the printer reports as done since a job began. */
function createReceipts(context: SessionContext<CommonOptions>, language: PrinterLanguage) {
  let job = 0;
  let expected: ExpectedReceipts | null = null;
  let received = 0;
  return {
    begin: (bytes: Uint8Array) => {
      job += 1;
      received = 0;
      expected = language.receipt?.(job, bytes) ?? null;
    },
    request: () => {
      if (expected?.request) context.write(expected.request);
    },
    receive: (tag: string) => {
      if (tag === expected?.tag) received += 1;
    },
    isIn: () => expected !== null && received >= expected.count,
  };
}

/** For captures and the command line: what each frame says, without any conversation. */
export function toReadings(reply: ReplyPart): readonly Reading[] {
  if (reply.part === "status" || reply.part === "details") return [reply.status.reading];
  return reply.part === "refused" ? [{ kind: "refused", reason: reply.reason }] : [];
}
