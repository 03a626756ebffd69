import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createDelimitedFramer, stxEtx } from "../framing/delimited.ts";
import { createLineFramer } from "../framing/line.ts";
import { defineScanner } from "../kit/define.ts";
import { createListeningSession, type Family } from "../kit/family.ts";
import { decodeUtf8 } from "../kit/text.ts";
import { readText, readTextOptions } from "./read-text.ts";

const optionsSchema = z.strictObject({
  /** "line" up to the terminator, "stx-etx" between 02 and 03. */
  framing: z.enum(["line", "stx-etx"]).default("line"),
  terminator: z.enum(["cr", "lf", "crlf"]).default("crlf"),
  /** Longest message in bytes, all barcodes of a parcel together. */
  maximumBytes: z.int().min(1).max(4096).default(1024),
  ...readTextOptions,
});
type Options = z.infer<typeof optionsSchema>;

export function parseMessage(frame: Uint8Array, options: Options): readonly Reading[] {
  const text = decodeUtf8(frame);
  return text === null ? [{ kind: "refused", reason: "not UTF-8" }] : readText(text, options);
}

export const tcpScanner: Family<"scanner", Options> = {
  name: "tcp-scanner",
  kind: "scanner",
  options: optionsSchema,
  createFramer: ({ framing, terminator, maximumBytes }) =>
    framing === "line"
      ? createLineFramer({ terminator, limitBytes: maximumBytes })
      : createDelimitedFramer({ pairs: [stxEtx], limitBytes: maximumBytes }),
  createDecoder: (options) => (frame) => parseMessage(frame, options),
  createSession: (context) =>
    createListeningSession(context, (frame) => parseMessage(frame, context.options)),
};

export const tcpScannerModels = [
  /** Any fixed scanner or tunnel that sends what it has read; the site describes its message. */
  defineScanner({
    model: "tcp-scanner",
    vendor: "generic",
    names: ["Fixed scanner over TCP, message as configured"],
    family: tcpScanner,
    confirmed: false,
    source: "template; nothing in it is of one vendor",
  }),
  defineScanner({
    model: "sick-clv",
    vendor: "SICK",
    names: ["CLV", "Lector", "ICR"],
    family: tcpScanner,
    options: { framing: "stx-etx" },
    tcpPort: 2112,
    confirmed: false,
    source:
      "CLV 410 manual page 44: STX and ETX around the string; TCP port and no-read word are unconfirmed",
  }),
  defineScanner({
    model: "datalogic-matrix",
    vendor: "Datalogic",
    names: ["Matrix", "DS8110", "AV7000"],
    family: tcpScanner,
    options: { framing: "stx-etx", noReadWords: ["<NO READ>", "NoRead"], separator: "," },
    confirmed: false,
    source: "settings to be checked on the device: header STX, terminator ETX, no-read text, separator",
  }),
];
