import { fail, type Failure, type Result } from "@waystation/shared/failures/result";
import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { definePrinter } from "../kit/define.ts";
import { createDelimitedFramer, quotes, stxEtx } from "../framing/delimited.ts";
import type { Family, Session, SessionContext } from "../kit/family.ts";
import { createQuestion } from "../kit/question.ts";
import { encodeText } from "../kit/text.ts";
import { createReplyCollector, findTrouble, type HostStatus, toReading } from "./host-status.ts";
import { createPrintJobs } from "./print-job.ts";

const optionsSchema = z.strictObject({
  /** false for printers without the label counter: they are believed when they are idle again. */
  odometer: z.boolean().default(true),
  pollMs: z.int().min(20).max(5000).default(100),
  /** No answer for so long: the printer is silent, which on a Zebra may mean head open or out of labels. */
  silenceMs: z.int().min(200).max(30_000).default(2000),
  /** After a crash: idle and unchanged for so long proves that nothing is still on its way. */
  settleMs: z.int().min(0).max(30_000).default(1000),
});
type Options = z.infer<typeof optionsSchema>;

const commandBytes = {
  status: encodeText("~HS\r\n"),
  /** SGD variable of Link-OS printers (Zebra Programming Guide, "odometer.total_label_count"). */
  odometer: encodeText('! U1 getvar "odometer.total_label_count"\r\n'),
  /** Throws away a half-received format; without it the next label would be swallowed by the rest. */
  cancelAll: encodeText("~JA\r\n"),
};

/** ZPL over TCP port 9100 or a serial line. A printer in line or CPCL mode prints "~HS": silence, a fault. */
export const zpl: Family<"printer", Options> = {
  name: "zpl",
  kind: "printer",
  options: optionsSchema,
  createFramer: () => createDelimitedFramer({ pairs: [stxEtx, quotes], limitBytes: 256 }),
  createDecoder: () => {
    const collect = createReplyCollector();
    return (frame): readonly Reading[] => {
      const reply = collect(frame);
      if (reply.part === "status") return [toReading(reply.status)];
      return reply.part === "refused" ? [{ kind: "refused", reason: reply.reason }] : [];
    };
  },
  createSession,
};

function createSession(context: SessionContext<Options>): Session<"printer"> {
  const { options, clock } = context;
  let collect = createReplyCollector();
  let connection = 0;
  let shown = "";

  const ask = <Answer>(question: Uint8Array) =>
    createQuestion<Answer>({
      clock,
      silenceMs: options.silenceMs,
      send: () => context.write(question),
      onSilent: context.drop,
    });
  const status = ask<HostStatus>(commandBytes.status);
  const odometer = ask<number | null>(commandBytes.odometer);

  const readOdometer = async (timeoutMs: number): Promise<Result<number | null>> =>
    options.odometer ? odometer.ask(timeoutMs) : { ok: true, value: null };

  const jobs = createPrintJobs({
    deviceId: context.deviceId,
    clock,
    pollMs: options.pollMs,
    settleMs: options.settleMs,
    readStatus: status.ask,
    readOdometer,
    write: context.write,
    bufferedBytes: context.bufferedBytes,
    cancelPartialFormat: () => context.write(commandBytes.cancelAll),
    connection: () => (context.isOpen() ? connection : null),
  });

  const receiveStatus = (received: HostStatus) => {
    const trouble = findTrouble(received);
    context.reportHealth(trouble && fail(trouble).failure);
    const reading = toReading(received);
    const text = JSON.stringify(reading);
    // a printer is asked ten times a second while it prints: only news is a reading
    if (text !== shown) context.emit(reading);
    shown = text;
    status.answer(received);
  };

  return {
    commands: { print: jobs.print, resolveJob: jobs.resolveJob, readOdometer },
    readyOn: "session",
    probe: {
      ask: () => void status.ask(options.silenceMs),
      idleMs: 2000,
      answerMs: options.silenceMs,
      isBusy: jobs.isBusy,
    },
    onOpen: () => {
      connection += 1;
      collect = createReplyCollector();
      shown = "";
    },
    onFrame: (frame) => {
      const reply = collect(frame);
      if (reply.part === "status") receiveStatus(reply.status);
      else if (reply.part === "variable") odometer.answer(reply.value);
      else if (reply.part === "refused") context.emit({ kind: "refused", reason: reply.reason });
    },
    onDown: (failure: Failure) => {
      status.abandon(failure);
      odometer.abandon(failure);
    },
  };
}

export const zplModels = [
  /** Any ZPL printer that answers ~HS but has no label counter to ask. */
  definePrinter({
    model: "zpl",
    vendor: "generic",
    names: ["ZPL II printer"],
    family: zpl,
    options: { odometer: false },
    tcpPort: 9100,
    confirmed: false,
    source: "ZPL II Programming Guide, ~HS",
  }),
  definePrinter({
    model: "zebra-zd421",
    vendor: "Zebra",
    names: ["ZD421", "ZD621"],
    family: zpl,
    tcpPort: 9100,
    confirmed: false,
    source: "Zebra Programming Guide: ~HS, odometer.total_label_count (Link-OS)",
  }),
  definePrinter({
    model: "zebra-zt411",
    vendor: "Zebra",
    names: ["ZT411", "ZT421"],
    family: zpl,
    tcpPort: 9100,
    confirmed: false,
    source: "Zebra Programming Guide: ~HS, odometer.total_label_count (Link-OS)",
  }),
];
