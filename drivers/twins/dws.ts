import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { createFaultyLine } from "./faults.ts";
import { openTcpPipe } from "../transport/pipe.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const dwsTwinOptionsSchema = z.strictObject({
  port: z.int().min(0).max(65_535).default(0),
  delimiter: z.string().default(","),
  terminator: z.string().default("\r\n"),
});

const commandSchema = z.discriminatedUnion("command", [
  z.strictObject({
    command: z.literal("measure"),
    index: z.int().min(0),
    /** Absent: nothing was read. */
    code: z.string().optional(),
    /** Absent: not measured, sent as zero. */
    weightGrams: z.int().default(0),
    lengthMillimetres: z.int().default(0),
    widthMillimetres: z.int().default(0),
    heightMillimetres: z.int().default(0),
  }),
  z.strictObject({ command: z.literal("telegram"), text: z.string() }),
]);
type Command = z.infer<typeof commandSchema>;

/** A gate that measures what runs through it and tells everybody connected. */
export async function startDwsTwin(
  input: z.input<typeof dwsTwinOptionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<{ readonly telegrams: number; readonly clients: number }>> {
  const options = dwsTwinOptionsSchema.parse(input);
  const line = createFaultyLine();
  let telegrams = 0;
  const pipe = await openTcpPipe({ onData: () => undefined }, options);

  const format = (command: Command): string => {
    if (command.command === "telegram") return command.text;
    const { index, code, weightGrams, lengthMillimetres, widthMillimetres, heightMillimetres } = command;
    const sizes = [weightGrams, lengthMillimetres, widthMillimetres, heightMillimetres];
    return [index, code ?? "noread", ...sizes, Date.now()].join(options.delimiter);
  };

  return {
    connection: pipe.connection,
    state: () => ({ telegrams, clients: pipe.clients() }),
    control: createControl({
      line,
      pipe,
      schema: commandSchema,
      perform: (command) => {
        telegrams += 1;
        line.send(encodeText(format(command) + options.terminator), pipe.send);
        deps.onEvent?.({ event: "measured", telegram: format(command) });
      },
    }),
    stop: pipe.stop,
  };
}
