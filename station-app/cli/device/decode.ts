import type { Codec, DeviceDefinition } from "@waystation/drivers/kit/define";
import { decodeBytes } from "@waystation/drivers/decode-bytes";
import type { Reading } from "@waystation/shared/model/reading";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";

/** "02 4d:03-0D" as bytes. Failure request.invalid names the place of the first character that is no digit. */
export function parseHex(text: string): Result<Uint8Array> {
  const digits = text.replace(/0x|[\s:,-]/gi, "");
  const wrong = /[^0-9a-f]/i.exec(digits);
  if (wrong)
    return fail("request.invalid", {
      reason: `--hex: "${wrong[0]}" is no hexadecimal digit (place ${wrong.index + 1})`,
    });
  if (digits.length % 2 === 1)
    return fail("request.invalid", { reason: `--hex: ${digits.length} digits are half a byte too many` });
  return succeed(Buffer.from(digits, "hex"));
}

export type DecodeInput = {
  readonly definition: DeviceDefinition;
  readonly options: Readonly<Record<string, unknown>>;
  /** In the order they came; how they are cut makes no difference. */
  readonly chunks: readonly Uint8Array[];
};

/** Readings of any bytes. What is left of a frame that never ended is told as refused: nothing is dropped silently. */
export function decodeChunks({ definition, options, chunks }: DecodeInput): Result<readonly Reading[]> {
  const codec = definition.createCodec(options);
  if (!codec.ok) return codec;
  return succeed([...decodeBytes(codec.value, chunks), ...tellRest(codec.value)]);
}

function tellRest({ framer }: Codec): readonly Reading[] {
  const held = framer.heldBytes();
  return held === 0 ? [] : [{ kind: "refused", reason: `${held} bytes of a frame that does not end` }];
}

/** One line a person can read. */
export function describeReading(reading: Reading): string {
  const { kind, ...rest } = reading;
  const parts = Object.entries(rest).map(([name, value]) => `${name} ${String(value)}`);
  return `${kind.padEnd(15)} ${parts.join(", ")}`;
}
