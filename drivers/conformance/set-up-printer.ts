import { createHash } from "node:crypto";
import { encodeText } from "../kit/text.ts";
import { findDefinition } from "../registry.ts";
import type { PrinterTwinState } from "../twins/printer.ts";
import { connectTwin, type DeviceTest, startTwinOf } from "./connect-twin.ts";
import { until } from "./recorder.ts";

/** Short times, for a printer on the same machine. */
export const quick = { pollMs: 20, settleMs: 200, silenceMs: 400 };
export const sha256 = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

const paperOut = ["paper-out", "printer.paper-out"] as const;
const headOpen = ["head-open", "printer.head-open"] as const;
const ribbonOut = ["ribbon-out", "printer.ribbon-out"] as const;
const paused = ["paused", "printer.paused"] as const;

/** One label and many of each language, what it can tell of its trouble, and how its counter is asked. */
type Language = {
  readonly label: Uint8Array;
  readonly fiveLabels: Uint8Array;
  readonly troubles: readonly (readonly [string, string])[];
  /** null: it counts nothing, so a job whose line went can only be unknown. */
  readonly counter: Readonly<Record<string, unknown>> | null;
  /** null: whatever is sent prints. */
  readonly withoutLabel: Uint8Array | null;
};
export const languages: Readonly<Record<string, Language>> = {
  zpl: {
    label: encodeText("^XA^FO50,50^FH^FDparcel _7E _21^FS^XZ\n"),
    fiveLabels: encodeText("^XA^FDfour^FS^PQ4^XZ^XA^FDlast^FS^XZ"),
    troubles: [paperOut, headOpen, ribbonOut, paused],
    counter: { odometer: true },
    withoutLabel: encodeText("~SD15"),
  },
  tspl: {
    label: encodeText('CLS\r\nTEXT 50,50,"3",0,1,1,"parcel"\r\nPRINT 1\r\n'),
    fiveLabels: encodeText("CLS\r\nPRINT 2,2\r\nPRINT 1\r\n"),
    troubles: [paperOut, headOpen, ribbonOut, paused],
    counter: { question: "frame", odometer: true },
    withoutLabel: encodeText("DENSITY 8\r\n"),
  },
  epl: {
    label: encodeText('\nN\nA50,50,0,3,1,1,N,"parcel"\nP1\n'),
    fiveLabels: encodeText("\nN\nP2,2\nP1\n"),
    // paper and ribbon share a number
    troubles: [paperOut, headOpen, ["ribbon-out", "printer.paper-out"], paused],
    counter: null,
    withoutLabel: encodeText("D8\n"),
  },
  cpcl: {
    label: encodeText("! 0 200 200 210 1\r\nTEXT 4 0 30 40 parcel\r\nFORM\r\nPRINT\r\n"),
    fiveLabels: encodeText("! 0 200 200 210 4\r\nPRINT\r\n! 0 200 200 210 1\r\nPRINT\r\n"),
    troubles: [paperOut, headOpen],
    counter: { odometer: true },
    withoutLabel: encodeText("! UTILITIES\r\nPRINT\r\n"),
  },
  escpos: {
    label: encodeText("\u001b@parcel\n\u001dV\u0000"),
    fiveLabels: encodeText("\u001b@a\n\u001dV\u0000b\u001dV\u0000c\u001dV\u0000d\u001dV\u0000e\u001dV\u0000"),
    troubles: [paperOut, headOpen, paused],
    counter: null,
    withoutLabel: null,
  },
};

export function languageOf(model: string): Language {
  const language = languages[findDefinition(model)?.familyName ?? ""];
  if (language === undefined) throw new Error(`no labels for ${model}`);
  return language;
}

/** A twin of this model that prints, and the product's own driver in front of it. */
export async function setUpPrinter(
  context: DeviceTest,
  model: string,
  twinOptions: Readonly<Record<string, unknown>> = {},
  options: Readonly<Record<string, unknown>> = {},
) {
  const labels: Uint8Array[] = [];
  // long enough to be seen printing between two questions, on a busy machine, too
  const twin = await startTwinOf<PrinterTwinState>(
    context,
    model,
    { printTimeMs: 150, ...twinOptions },
    { onLabel: (format) => labels.push(format) },
  );
  const language = languageOf(model);
  const connected = connectTwin(context, "printer", model, twin, { ...quick, ...options });
  await until(connected.isReady, "the printer is ready");
  const set = (condition: string, on = true) => twin.control({ command: "condition", condition, on });
  const { device } = connected;
  const print = (bytes = language.label, timeoutMs = 12_000) =>
    device.print({ jobId: "job-1", bytes, timeoutMs });
  const whole = () => sha256(Buffer.concat(twin.state().jobs.map(({ bytes }) => bytes)));
  /** What is on the labels that came out; for the languages whose twin tells. */
  const drawn = () => labels.map((format) => Buffer.from(format).toString("latin1").trim());
  return { twin, set, print, whole, drawn, language, ...connected };
}
