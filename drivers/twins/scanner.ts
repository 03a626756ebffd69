import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { createFaultyLine } from "./faults.ts";
import { openSerialPipe, openTcpPipe } from "../transport/pipe.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const scannerTwinOptionsSchema = z.strictObject({
  line: z.enum(["serial", "tcp"]).default("serial"),
  port: z.int().min(0).max(65_535).default(0),
  /** Where the serial device is to appear; absent: anywhere. */
  path: z.string().optional(),
  prefix: z.string().default(""),
  terminator: z.string().default("\r"),
});

const commandSchema = z.strictObject({
  command: z.literal("scan"),
  data: z.string().min(1),
  /** AIM id; "" for a scanner that is not set to send it. */
  aim: z.string().default("]C0"),
});

/** A serial scanner and the hand that pulls its trigger. */
export async function startScannerTwin(
  input: z.input<typeof scannerTwinOptionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<{ readonly scans: number }>> {
  const options = scannerTwinOptionsSchema.parse(input);
  const line = createFaultyLine();
  let scans = 0;
  const events = { onData: () => undefined };
  const pipe = await (options.line === "serial"
    ? openSerialPipe(events, options)
    : openTcpPipe(events, options));

  return {
    connection: pipe.connection,
    state: () => ({ scans }),
    control: createControl({
      line,
      pipe,
      schema: commandSchema,
      perform: ({ data, aim }) => {
        scans += 1;
        line.send(encodeText(`${options.prefix}${aim}${data}${options.terminator}`), pipe.send);
        deps.onEvent?.({ event: "scanned", data });
      },
    }),
    stop: pipe.stop,
  };
}
