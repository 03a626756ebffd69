import { readZplCommands, type ZplCommand } from "./zpl-commands.ts";

export type LintFinding = { readonly offset: number; readonly reason: string };
export type LintReport = {
  /** Any of these: the label must not reach a printer. */
  readonly refusals: readonly LintFinding[];
  /** Prints, but leaves the printer changed or is untidy. */
  readonly warnings: readonly LintFinding[];
  /** How many labels come out. */
  readonly labels: number;
};

/** The largest real label we know has 110 kB; a full page of uncompressed graphics at 600 dpi has 2.2 MB. */
export const maximumLabelBytes = 3_000_000;
export const maximumLabelsPerJob = 20;

/** Commands that place fields on one label and are forgotten with it. */
const fieldCommands = new Set(
  (
    "^XA ^XZ ^FS ^FO ^FT ^FD ^FV ^FH ^FB ^FW ^FX ^FR ^FP ^FN ^FM ^FC ^FL ^TB ^A ^GB ^GC ^GD ^GE ^GF ^GS ^CF ^CI ^CW " +
    "^CV ^SE ^PA ^MU ^LH ^LL ^LR ^LS ^PW ^PO ^PM ^PR ^PQ ^MD ^XG ^IM ^SN ^SF ^XB ~DN ^DN"
  ).split(" "),
);
/** Settings of the device that carriers' own tools write; they outlast the label but do no harm to the next one. */
const settingCommands = new Set("~TA ~JS ~SD ^MN ^MT ^MM ^MF ^MC ^LT ^JS".split(" "));
/** Settings of which only some values are harmless. */
const harmlessParameters: Readonly<Record<string, RegExp>> = {
  "^JU": /^[SR]?\s*$/i, // S saves, R recalls what was saved; F and N reset to factory defaults
  "^JM": /^A?\s*$/i, // B halves the resolution of every later label
  "^SZ": /^2?\s*$/, // 1 leaves ZPL II
};
/** What puts something on paper. */
const fieldEnds = new Set(["^FS", "^XG", "^GF", "^GB"]);

/**
 * Judges ZPL that is about to be printed, ours or a carrier's. Commands are allowed by name: one that resets,
 * calibrates, configures, deletes, writes to flash, asks the printer to answer, or that we do not know, is refused.
 */
export function lintZpl(bytes: Uint8Array): LintReport {
  if (bytes.length > maximumLabelBytes) {
    return {
      refusals: [{ offset: 0, reason: `larger than ${maximumLabelBytes} bytes` }],
      warnings: [],
      labels: 0,
    };
  }
  const text = decodeLatin1(bytes);
  const commands = readZplCommands(text);
  const refusals: LintFinding[] = findOtherLanguages(text);
  const warnings: LintFinding[] = [];
  for (const command of commands) {
    const verdict = judgeCommand(command);
    if (verdict === "fine") continue;
    const list = verdict === "setting" ? warnings : refusals;
    const word = verdict === "setting" ? "changes a setting of the printer" : "is not allowed in a label";
    list.push({ offset: command.offset, reason: `${describe(command)} ${word}` });
  }
  const frames = checkFrames(commands);
  return {
    refusals: [...refusals, ...frames.refusals].slice(0, 50),
    warnings: [...warnings, ...frames.warnings].slice(0, 50),
    labels: frames.labels,
  };
}

/** SGD (`! U1 setvar`) and CPCL (`! 0 200 ...`) start a line with `! `; Link-OS takes JSON after `{}`. */
function findOtherLanguages(text: string): LintFinding[] {
  const found: LintFinding[] = [];
  for (const match of text.matchAll(/(?:^|[\r\n])[ \t]*![ \t]*[A-Za-z0-9]|\{\}\s*\{/g)) {
    if (found.length < 10)
      found.push({ offset: match.index, reason: "a command in another printer language" });
  }
  return found;
}

function judgeCommand({ name, parameters }: ZplCommand): "fine" | "setting" | "refused" {
  if (fieldCommands.has(name) || /^\^B[0-9A-Z]$/.test(name)) return "fine";
  if (settingCommands.has(name)) return "setting";
  const harmless = harmlessParameters[name];
  if (harmless !== undefined) return harmless.test(parameters) ? "setting" : "refused";
  // Graphics and formats kept in memory until power-off; E:, B: and A: are flash and cards.
  if (name === "~DG" || name === "^DF" || name === "^XF" || name === "^ID") {
    return /^R:/i.test(parameters) ? "fine" : "refused";
  }
  return "refused";
}

const describe = ({ name, parameters }: ZplCommand): string =>
  (name in harmlessParameters ? name + parameters.slice(0, 1) : name).replace(/[^\x20-\x7e]/g, "?");

/** Formats opened and closed. One left open would swallow the next parcel's label. */
function checkFrames(commands: readonly ZplCommand[]): LintReport {
  const refusals: LintFinding[] = [];
  const warnings: LintFinding[] = [];
  let labels = 0;
  let open: { offset: number; copies: number; drawn: boolean } | undefined;
  for (const { name, parameters, offset } of commands) {
    if (name === "^XA") {
      if (open !== undefined) warnings.push({ offset, reason: "^XA inside a format" });
      else open = { offset, copies: 1, drawn: false };
    } else if (name === "^XZ") {
      if (open === undefined) warnings.push({ offset, reason: "^XZ without ^XA" });
      else if (open.drawn) labels += open.copies;
      open = undefined;
    } else if (open !== undefined) {
      if (name === "^PQ") open.copies = readCopies(parameters);
      if (name === "^DF") open.copies = 0; // stored, not printed
      if (fieldEnds.has(name)) open.drawn = true;
    }
  }
  if (open !== undefined) refusals.push({ offset: open.offset, reason: "^XA is never closed" });
  if (labels < 1) refusals.push({ offset: 0, reason: "it prints nothing" });
  if (labels > maximumLabelsPerJob) refusals.push({ offset: 0, reason: `it prints ${labels} labels` });
  return { refusals, warnings, labels };
}

function readCopies(parameters: string): number {
  const copies = Number.parseInt(parameters, 10);
  return Number.isNaN(copies) ? 1 : Math.max(1, copies);
}

/** One character per byte, so that offsets are bytes whatever the code page. */
function decodeLatin1(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192) {
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  }
  return text;
}
