import { decodeLatin1, encodeText } from "../../kit/text.ts";
import type { ScannerDialect } from "../scanner.ts";

/** SR series, command and data on one port: LON looks until something is found or LOFF ends the search. */
export const keyenceDialect: ScannerDialect = ({ options, presented, say }) => {
  let isLooking = false;
  let received = "";

  const encodeRead = (text: string) => encodeText(`${options.prefix}${text}${options.terminator}`);
  const encodeNoRead = () => encodeRead(options.noReadWord ?? "ERROR");
  const reply = (text: string) => options.extended && say(encodeRead(text));

  const obey = (command: string) => {
    if (command === "LON" && !isLooking) {
      reply("OK,LON");
      const found = presented();
      if (found === null) isLooking = true;
      else say(encodeRead(found));
    } else if (command === "LOFF" && isLooking) {
      isLooking = false;
      reply("OK,LOFF");
      say(encodeNoRead());
    } else reply(`ER,${command},05`);
  };

  const onData = (bytes: Uint8Array) => {
    received += decodeLatin1(bytes);
    const commands = received.split("\r");
    received = commands.pop() ?? "";
    for (const command of commands) obey(command);
  };
  return { encodeRead, encodeNoRead, onData };
};
