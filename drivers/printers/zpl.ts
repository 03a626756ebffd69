import { z } from "zod";
import { definePrinter } from "../kit/define.ts";
import { createDelimitedFramer, quotes, stxEtx } from "../framing/delimited.ts";
import type { Family } from "../kit/family.ts";
import { encodeText } from "../kit/text.ts";
import { countLabels } from "./count-labels.ts";
import { createReplyCollector } from "./host-status.ts";
import { createPrinterSession, printerOptions, type PrinterLanguage, toReadings } from "./print-session.ts";

const optionsSchema = z.strictObject({
  /** false for printers without the label counter: they are believed when they are idle again (~HS counts formats). */
  odometer: z.boolean().default(true),
  ...printerOptions,
});
type Options = z.infer<typeof optionsSchema>;

const askErrors = "~HQES\r\n";
/** Answered in every mode of a Link-OS printer, also where ~HS would be printed as text. */
const askLanguages = '! U1 getvar "device.languages"\r\n';

const toLanguage = ({ odometer }: Options): PrinterLanguage => ({
  askStatus: encodeText("~HS\r\n"),
  // SGD variable of Link-OS printers (Zebra Programming Guide, "odometer.total_label_count")
  askCounter: odometer ? encodeText('! U1 getvar "odometer.total_label_count"\r\n') : null,
  askDetails: encodeText(odometer ? askErrors + askLanguages : askErrors),
  // throws away a half-received format; without it the next label would be swallowed by the rest
  cancelPartial: encodeText("~JA\r\n"),
  countLabels,
  createCollector: createReplyCollector,
  proof: "idle",
  understands: /zpl/,
  silenceHint: "no answer to ~HS nor ~HQES: off, in trouble, or not in ZPL mode (it then prints HS)",
});

/** ZPL over TCP port 9100, a serial line or USB. A printer in line or CPCL mode prints "~HS": silence, a fault. */
export const zpl: Family<"printer", Options> = {
  name: "zpl",
  kind: "printer",
  options: optionsSchema,
  createFramer: () => createDelimitedFramer({ pairs: [stxEtx, quotes], limitBytes: 256 }),
  createDecoder: () => {
    const collect = createReplyCollector();
    return (frame) => toReadings(collect(frame));
  },
  createSession: (context) => createPrinterSession(context, toLanguage(context.options)),
};

export const zplModels = [
  /** Any ZPL printer that answers ~HS but has no label counter to ask. */
  definePrinter({
    model: "zpl",
    vendor: "generic",
    names: ["ZPL II printer"],
    family: zpl,
    options: { odometer: false },
    tcpPort: 9100,
    confirmed: false,
    source: "ZPL II Programming Guide, ~HS, ~HQES",
  }),
  definePrinter({
    model: "zebra-zd421",
    vendor: "Zebra",
    names: ["ZD421", "ZD621"],
    family: zpl,
    tcpPort: 9100,
    confirmed: false,
    source: "Zebra Programming Guide: ~HS, ~HQES, odometer.total_label_count, device.languages (Link-OS)",
  }),
  definePrinter({
    model: "zebra-zt411",
    vendor: "Zebra",
    names: ["ZT411", "ZT421"],
    family: zpl,
    tcpPort: 9100,
    confirmed: false,
    source: "Zebra Programming Guide: ~HS, ~HQES, odometer.total_label_count, device.languages (Link-OS)",
  }),
];
