import { formatMagnitude, type Load, type ScaleDialect } from "../scale.ts";

/** ENQ is answered with ACK, DC1 with a frame; anything else with NAK. */
export const casSwDialect: ScaleDialect = ({ options, load, say }) => {
  const describe = ({ weightGrams, state }: Load): Uint8Array => {
    const word = { stable: "S", motion: "U", over: "F", under: "F" }[state];
    const isBelow = weightGrams < 0;
    // five digits and the point are all there is
    const digits = formatMagnitude(weightGrams, options.unit).slice(0, 6).padStart(6);
    const content = Buffer.from(`${word}${isBelow ? "-" : " "}${digits}${options.unit.padEnd(2)}`, "latin1");
    let check = 0;
    for (const byte of content) check ^= byte;
    return Uint8Array.from([0x01, 0x02, ...content, check, 0x03, 0x04]);
  };

  const answer = (byte: number) => {
    if (byte === 0x05) say(Uint8Array.of(0x06));
    else if (byte === 0x11) say(describe(load()));
    else say(Uint8Array.of(0x15));
  };
  return { onData: (bytes) => bytes.forEach(answer) };
};
