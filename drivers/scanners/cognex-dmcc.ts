import type { Reading } from "@waystation/shared/model/reading";
import { z } from "zod";
import { createLineFramer } from "../framing/line.ts";
import { defineScanner } from "../kit/define.ts";
import type { Family, Session, SessionContext } from "../kit/family.ts";
import { decodeUtf8, encodeText, quoteText } from "../kit/text.ts";
import { readText, readTextOptions } from "./read-text.ts";
import { createTriggeringSession, triggeringOptions } from "./triggering.ts";

const optionsSchema = z.strictObject({
  /**
   * COM.DMCC-RESPONSE as set in the reader. "silent", its default: reads come as plain lines. "extended": everything
   * has a header, a plain line is refused, and the reader can be asked whether it is there.
   */
  response: z.enum(["silent", "extended"]).default("silent"),
  /** Older readers encode the string in extended responses. */
  readEncoding: z.enum(["plain", "base64"]).default("plain"),
  maximumBytes: z.int().min(1).max(4096).default(1024),
  ...readTextOptions,
  noReadWords: readTextOptions.noReadWords.default(["NOREAD", "NO READ", "NO-READ"]),
  ...triggeringOptions,
});
type Options = z.infer<typeof optionsSchema>;

/** Ids of our commands: an answer to the trigger is a read, one to the question is not. */
const questionId = 1;
const triggerId = 2;
const encodeCommand = (id: number, command: string): Uint8Array => encodeText(`||0:${id}>${command}\r\n`);

const errors: ReadonlyMap<number, string> = new Map([
  [100, "unidentified error"],
  [101, "command invalid"],
  [102, "parameter invalid"],
  [103, "checksum incorrect"],
  [104, "parameter rejected or altered because of the reader's state"],
  [105, "reader unavailable"],
]);

const refused = (reason: string): readonly Reading[] => [{ kind: "refused", reason }];

/** ||checksum:command-id[status]data, each part of the header optional. */
const headerPattern = /^\|\|([01])?(?::(\d{1,9}))?\[(\d{1,3})\](.*)$/su;

export function parseLine(frame: Uint8Array, options: Options): readonly Reading[] {
  const text = decodeUtf8(frame);
  if (text === null) return refused("not UTF-8");
  const [isReply, checksum, id, status, rest = ""] = headerPattern.exec(text) ?? [];
  if (isReply === undefined) {
    const isPlain = options.response === "silent" && !text.startsWith("||");
    return isPlain ? readText(text, options) : refused(`no DMCC response: ${quoteText(text)}`);
  }
  if (checksum === "1" && !isSumRight(frame)) return refused("checksum of the response is wrong");
  const data = checksum === "1" ? rest.slice(0, -1) : rest;
  const code = Number(status);
  if (code === 1 || (code === 0 && Number(id) === triggerId && data !== "")) return readString(data, options);
  if (code === 0) return [];
  return refused(`status ${code}: ${errors.get(code) ?? "unknown"}`);
}

/** The last byte is the exclusive or of those before it. */
const isSumRight = (frame: Uint8Array): boolean => frame.reduce((sum, byte) => sum ^ byte, 0) === 0;

function readString(data: string, options: Options): readonly Reading[] {
  if (options.readEncoding === "plain") return readText(data, options);
  const isBase64 = data.length % 4 === 0 && /^[0-9A-Za-z+/]+={0,2}$/.test(data);
  const text = isBase64 ? decodeUtf8(Buffer.from(data, "base64")) : null;
  return text === null ? refused(`not base64: ${quoteText(data)}`) : readText(text, options);
}

function createSession(context: SessionContext<Options>): Session<"scanner"> {
  const session = createTriggeringSession(context, {
    decode: (frame) => parseLine(frame, context.options),
    start: encodeCommand(triggerId, "TRIGGER ON"),
  });
  if (context.options.response === "silent") return session;
  return {
    ...session,
    readyOn: "frame",
    probe: {
      ask: () => void context.write(encodeCommand(questionId, "GET DEVICE.TYPE")),
      idleMs: 2000,
      answerMs: 2000,
      isBusy: () => false,
    },
  };
}

export const cognexDmcc: Family<"scanner", Options> = {
  name: "cognex-dmcc",
  kind: "scanner",
  options: optionsSchema,
  createFramer: ({ maximumBytes }) => createLineFramer({ terminator: "crlf", limitBytes: maximumBytes + 24 }),
  createDecoder: (options) => (frame) => parseLine(frame, options),
  createSession,
};

export const cognexDmccModels = [
  defineScanner({
    model: "cognex-dmcc",
    vendor: "generic",
    names: ["DataMan Control Commands over TCP"],
    family: cognexDmcc,
    tcpPort: 23,
    confirmed: false,
    source:
      "DataMan Communications and Programming Manual, pages 18 and 19; which status a triggered read bears, the " +
      "range of the checksum and the no-read text are unconfirmed",
  }),
  defineScanner({
    model: "cognex-dataman",
    vendor: "Cognex",
    names: ["DataMan 70", "DataMan 260", "DataMan 370", "DataMan 470"],
    family: cognexDmcc,
    options: { response: "extended" },
    tcpPort: 23,
    confirmed: false,
    source: "the same manual; COM.DMCC-RESPONSE must be set to 1 in the reader",
  }),
];
