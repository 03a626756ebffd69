import { judgeParcel, type JudgeInput } from "@waystation/shared/decision/judge";
import { describeNextStep, describeReason } from "@waystation/shared/decision/reasons";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { channelSchema } from "@waystation/shared/model/channel";
import { type Order, orderSchema } from "@waystation/shared/model/order";
import { sortPlanSchema } from "@waystation/shared/model/sort-plan";
import type { Command } from "commander";
import { z } from "zod";
import { exitCodes, printJson, printText, reportFailure } from "../output.ts";
import { readInputFile } from "../read-input.ts";

const help = `
Judges one parcel exactly as a station would, from three JSON files. Weights are whole grams, sides whole
millimetres. An unknown or wrong field is an error that names it (exit code 2).

--order    the order, and optionally its label ("zpl", "png", "house" or "missing"; default "house"):
  {"orderId":"o-1","waybill":"WS0000000001","channelCode":"PKT","status":"ready","declaredWeightGrams":480,
   "declaredSize":{"lengthMillimetres":200,"widthMillimetres":150,"heightMillimetres":50},
   "consignee":{"name":"A. Name","street1":"Road 1","city":"Berlin","postcode":"10115","country":"DE"},
   "items":[{"description":"shirt","quantity":1,"valueMinor":999,"currency":"EUR"}]}
--reading  what the devices said; what was not measured is left out, no barcode means no-read:
  {"barcode":"WS0000000001","weightGrams":505,"lengthMillimetres":201,"widthMillimetres":149,"heightMillimetres":52}
--config   optional, every part optional:
  {"channel":{"code":"PKT","version":1,"name":"Packet","carrier":"post","countries":["DE"],
    "weightTolerance":{"absoluteGrams":50,"percent":5},"sizeTolerance":{"absoluteMillimetres":20,"percent":10},
    "maximumWeightGrams":2000},
   "sortPlan":{"planId":"main","version":1,"rows":[{"priority":1,"country":"DE","chute":3}],"rejectChute":99},
   "needsWeight":true,"needsSize":false,"needsLabel":true,"fullChutes":[],"handledBefore":false}
  The values of needsWeight ... handledBefore above are the defaults. Without a channel: one of the order's code
  that serves every country up to 30 kg, with tolerances of 50 g or 5 % and 20 mm or 10 %. Without a sort plan:
  everything to chute 1, in doubt to 99.

With --json: {"verdict","reasons":[{"code","details"}],"chute"}; "verdict" is accepted, intercepted, rejected or
no-read. Exit code 0 whatever the verdict.

Examples:
  waystation decide --order order.json --reading reading.json
  waystation decide --order order.json --reading reading.json --config config.json --json`;

const orderFileSchema = z.strictObject({
  ...orderSchema.shape,
  label: z.enum(["zpl", "png", "house", "missing"]).default("house"),
});

const millimetres = z.int().min(1).max(30_000).optional();
const readingFileSchema = z
  .strictObject({
    barcode: z.string().max(512).optional(),
    weightGrams: z.int().min(-1_000_000).max(1_000_000).optional(),
    lengthMillimetres: millimetres,
    widthMillimetres: millimetres,
    heightMillimetres: millimetres,
  })
  .refine(
    ({ lengthMillimetres: l, widthMillimetres: w, heightMillimetres: h }) =>
      new Set([l, w, h].map((side) => side === undefined)).size === 1,
    {
      message: "length, width and height come together or not at all",
    },
  );

const configFileSchema = z.strictObject({
  channel: channelSchema.optional(),
  sortPlan: sortPlanSchema.default({
    planId: "default",
    version: 1,
    rows: [{ priority: 1, chute: 1 }],
    rejectChute: 99,
  }),
  needsWeight: z.boolean().default(true),
  needsSize: z.boolean().default(false),
  needsLabel: z.boolean().default(true),
  fullChutes: z.array(z.int()).default([]),
  handledBefore: z.boolean().default(false),
});

type Files = {
  readonly order: z.output<typeof orderFileSchema>;
  readonly reading: z.output<typeof readingFileSchema>;
  readonly config: z.output<typeof configFileSchema>;
};

export function addDecideCommand(program: Command): void {
  program
    .command("decide")
    .description("judge one parcel from files")
    .requiredOption("--order <file>", "the order, JSON")
    .requiredOption("--reading <file>", "what the devices said, JSON")
    .option("--config <file>", "channel, sort plan and steps, JSON")
    .option("--json", "print JSON", false)
    .addHelpText("after", help)
    .action((paths: { order: string; reading: string; config?: string; json: boolean }) => {
      const { json } = paths;
      const order = readInputFile(paths.order, orderFileSchema);
      if (!order.ok) return reportFailure(order.failure, { json, exitCode: exitCodes.usage });
      const reading = readInputFile(paths.reading, readingFileSchema);
      if (!reading.ok) return reportFailure(reading.failure, { json, exitCode: exitCodes.usage });
      const config =
        paths.config === undefined
          ? { ok: true as const, value: configFileSchema.parse({}) }
          : readInputFile(paths.config, configFileSchema);
      if (!config.ok) return reportFailure(config.failure, { json, exitCode: exitCodes.usage });
      const { verdict, reasons, chute } = judgeParcel(
        toJudgeInput({ order: order.value, reading: reading.value, config: config.value }),
      );
      if (json) return printJson({ verdict, reasons, chute });
      printText(
        `${verdict}, chute ${chute}`,
        ...reasons.map((reason) => `  ${reason.code}: ${describeReason(reason)} ${describeNextStep(reason)}`),
      );
    });
}

function toJudgeInput({ order: { label, ...order }, reading, config }: Files): JudgeInput {
  const { channel = defaultChannel(order), handledBefore, ...settings } = config;
  const { barcode, weightGrams = null, lengthMillimetres, widthMillimetres, heightMillimetres } = reading;
  const isMeasured =
    lengthMillimetres !== undefined && widthMillimetres !== undefined && heightMillimetres !== undefined;
  const isThisOrder = barcode !== undefined && bears(order, barcode);
  return {
    ...settings,
    barcodes: barcode === undefined || barcode.trim() === "" ? [] : [barcode],
    candidates: isThisOrder ? [{ order, revision: 1, label, handledBefore }] : [],
    weightGrams,
    size: isMeasured ? { lengthMillimetres, widthMillimetres, heightMillimetres } : null,
    // A station looks the channel up by the order's code, so another one is as good as none.
    channel: channel.code === order.channelCode ? channel : undefined,
    doubts: [],
  };
}

/** As at a station: two forms of one number are the same number. */
function bears(order: Order, barcode: string): boolean {
  const filed = [order.waybill, order.trackingNumber, order.reference].flatMap((number) =>
    number === undefined ? [] : identifiersFor(number),
  );
  return identifiersFor(barcode).some((key) => filed.includes(key));
}

const defaultChannel = (order: Order): z.output<typeof channelSchema> => ({
  code: order.channelCode,
  version: 1,
  name: order.channelCode,
  carrier: "any",
  weightTolerance: { absoluteGrams: 50, percent: 5 },
  sizeTolerance: { absoluteMillimetres: 20, percent: 10 },
  countries: [],
  minimumWeightGrams: 0,
  maximumWeightGrams: 30_000,
  bands: [],
});
