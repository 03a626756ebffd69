import { type Decision, judgeParcel, type JudgeInput } from "@waystation/shared/decision/judge";
import { type Result, succeed } from "@waystation/shared/failures/result";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { channelSchema } from "@waystation/shared/model/channel";
import { type Order, orderSchema } from "@waystation/shared/model/order";
import { sortPlanSchema } from "@waystation/shared/model/sort-plan";
import { z } from "zod";
import { readInputFile } from "./read-input.ts";

/** The shapes are described in the help of `waystation decide`. */
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

/** One judgement from files. Failure request.invalid naming the file and the first wrong field. */
export function judgeFiles(paths: {
  readonly order: string;
  readonly reading: string;
  readonly config?: string;
}): Result<Decision> {
  const order = readInputFile(paths.order, orderFileSchema);
  if (!order.ok) return order;
  const reading = readInputFile(paths.reading, readingFileSchema);
  if (!reading.ok) return reading;
  const config =
    paths.config === undefined
      ? succeed(configFileSchema.parse({}))
      : readInputFile(paths.config, configFileSchema);
  if (!config.ok) return config;
  const files = { order: order.value, reading: reading.value, config: config.value };
  return succeed(judgeParcel(toJudgeInput(files)));
}

type Files = {
  readonly order: z.output<typeof orderFileSchema>;
  readonly reading: z.output<typeof readingFileSchema>;
  readonly config: z.output<typeof configFileSchema>;
};

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
