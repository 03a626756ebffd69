import { createLineFramer } from "../../framing/line.ts";
import { encodeText } from "../../kit/text.ts";
import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

const heads = { stable: "ST,", motion: "US,", over: "OL,", under: "OL," } as const;

/** An indicator that tells ten times a second, and by its number (01RW) when asked. Its id is a bare CR. */
export const cas22Dialect: ScaleDialect = ({ options, load, say, every }) => {
  const describe = ({ weightGrams, state }: Load): Uint8Array => {
    const sign = weightGrams < 0 ? "-" : "";
    const digits = sign + formatMagnitude(weightGrams, options.unit).padStart(8 - sign.length, "0");
    const lamp = state === "stable" ? 0xc4 : 0x84;
    return Buffer.concat([
      encodeText(`${heads[state]}GS,`),
      Uint8Array.of(0x0d, lamp),
      encodeText(`,${digits} ${options.unit.padEnd(2)}\r\n`),
    ]);
  };

  const tell = () => say(describe(load()));
  every(100, tell);
  const framer = createLineFramer({ terminator: "crlf", limitBytes: 64 });
  const sink = {
    onFrame: (frame: Uint8Array) => {
      every(null, () => undefined);
      if (Buffer.from(frame).toString("latin1") === "01RW") tell();
      else say(encodeText("?\r\n"));
    },
    onRefused: () => undefined,
  };
  return { onData: (bytes) => framer.push(bytes, sink) };
};
