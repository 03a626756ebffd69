import { createHash } from "node:crypto";
import { z } from "zod";
import { encodeText } from "../kit/text.ts";
import { countLabels } from "../printers/count-labels.ts";
import { createFaultyLine } from "./faults.ts";
import { openTcpPipe, type PipeClient } from "../transport/pipe.ts";
import { createPrinterStream } from "./printer-stream.ts";
import { createControl, type Twin, type TwinDeps } from "./twin.ts";

export const printerTwinOptionsSchema = z.strictObject({
  port: z.int().min(0).max(65_535).default(0),
  printTimeMs: z.int().min(0).default(50),
  odometer: z.int().min(0).default(1000),
  /** A Zebra may say nothing at all while its head is open or its labels are out. */
  silentInTrouble: z.boolean().default(false),
});

const conditions = ["paper-out", "head-open", "ribbon-out", "paused", "ignore-formats"] as const;
const commandSchema = z.strictObject({
  command: z.literal("condition"),
  condition: z.enum(conditions),
  on: z.boolean(),
});

/** What arrived between two status questions. */
export type PrinterTwinJob = { readonly bytes: Uint8Array; readonly sha256: string };
export type PrinterTwinState = {
  readonly odometer: number;
  readonly labelsPrinted: number;
  readonly formatsWaiting: number;
  readonly jobs: readonly PrinterTwinJob[];
};

const keptJobs = 1000;

/**
 * A ZPL printer on port 9100: one host at a time, its own buffer, a counter that survives everything. What it
 * has received it prints, whatever became of who sent it.
 */
export async function startPrinterTwin(
  input: z.input<typeof printerTwinOptionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<PrinterTwinState>> {
  const options = printerTwinOptionsSchema.parse(input);
  const line = createFaultyLine();
  const active = new Set<(typeof conditions)[number]>();
  const jobs: PrinterTwinJob[] = [];
  const formats: number[] = [];
  let labelsLeft = 0;
  let odometer = options.odometer;
  let press: NodeJS.Timeout | undefined;

  const isBlocked = () => [...active].some((condition) => condition !== "ignore-formats");
  const flag = (condition: (typeof conditions)[number]) => (active.has(condition) ? 1 : 0);

  /** One label after the other; a label the trouble interrupts is printed again afterwards. */
  const printNext = () => {
    if (press !== undefined || isBlocked()) return;
    if (labelsLeft === 0) labelsLeft = formats.shift() ?? 0;
    if (labelsLeft === 0) return;
    press = setTimeout(() => {
      press = undefined;
      if (isBlocked()) return;
      labelsLeft -= 1;
      odometer += 1;
      deps.onEvent?.({ event: "label-printed", odometer });
      printNext();
    }, options.printTimeMs);
  };

  const describeStatus = (): string[] => {
    const waiting = String(formats.length).padStart(3, "0");
    const partial = stream.hasPartialFormat() ? 1 : 0;
    const paused = isBlocked() ? 1 : 0;
    return [
      `030,${flag("paper-out")},${paused},1245,${waiting},0,0,${partial},000,0,0,0`,
      `000,0,${flag("head-open")},${flag("ribbon-out")},1,2,4,0,${String(labelsLeft).padStart(8, "0")},1,000`,
      "1234,0",
    ];
  };

  const stream = createPrinterStream({
    onFormat: (format) => {
      const labels = active.has("ignore-formats") ? 0 : countLabels(format);
      if (labels > 0) formats.push(labels);
      printNext();
    },
    onJob: (bytes) => {
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      jobs.push({ bytes, sha256 });
      if (jobs.length > keptJobs) jobs.shift();
      deps.onEvent?.({ event: "job", bytes: bytes.length, sha256 });
    },
    onCancel: () => {
      formats.length = 0;
      labelsLeft = 0;
    },
  });

  const say = (text: string, client: PipeClient) => {
    const mute = options.silentInTrouble && isBlocked();
    if (!mute) line.send(encodeText(text), client.send);
  };
  const pipe = await openTcpPipe(
    {
      onData: (bytes, client) => {
        for (const query of stream.push(bytes)) {
          if (query === "~HS") say(describeStatus().map(frameStatusLine).join(""), client);
          else say(query === "odometer.total_label_count" ? `"${odometer}"` : '"?"', client);
        }
      },
      onClose: () => stream.endJob(),
    },
    { port: options.port, oneAtATime: true },
  );

  return {
    connection: pipe.connection,
    state: () => ({
      odometer,
      labelsPrinted: odometer - options.odometer,
      formatsWaiting: formats.length + (labelsLeft > 0 ? 1 : 0),
      jobs: [...jobs],
    }),
    control: createControl({
      line,
      pipe,
      schema: commandSchema,
      perform: ({ condition, on }) => {
        if (on) active.add(condition);
        else active.delete(condition);
        printNext();
      },
    }),
    stop: async () => {
      clearTimeout(press);
      await pipe.stop();
    },
  };
}

const frameStatusLine = (text: string) => `\u0002${text}\u0003\r\n`;
