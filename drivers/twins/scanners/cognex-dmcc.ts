import { decodeLatin1, encodeText } from "../../kit/text.ts";
import type { ScannerDialect } from "../scanner.ts";

/** A DataMan at its telnet port, answering extended (1) or silently (0). */
export const cognexDmccDialect: ScannerDialect = ({ options, presented, say }) => {
  let received = "";

  const tell = (text: string) => say(encodeText(`${text}\r\n`));
  const encodeRead = (text: string) =>
    encodeText(`${options.extended ? "||0:0[1]" : ""}${options.prefix}${text}\r\n`);

  const encodeNoRead = () => encodeRead(options.noReadWord ?? "NOREAD");

  const answer = (line: string) => {
    const [, id = "0", command = ""] = /^\|\|(?:[01]?(?::(\d+))?)>(.*)$/.exec(line) ?? [];
    const words = command.toLowerCase();
    if (words === "trigger on") {
      if (options.extended) tell(`||0:${id}[0]`);
      const found = presented();
      return say(found === null ? encodeNoRead() : encodeRead(found));
    }
    if (!options.extended) return;
    tell(words === "get device.type" ? `||0:${id}[0]DM260` : `||0:${id}[101]`);
  };

  const onData = (bytes: Uint8Array) => {
    received += decodeLatin1(bytes);
    const lines = received.split("\r\n");
    received = lines.pop() ?? "";
    for (const line of lines) answer(line);
  };
  return { encodeRead, encodeNoRead, onData };
};
