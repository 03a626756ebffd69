import { assert, unreachable } from "../failures/assert.ts";
import { fail, type Result, succeed } from "../failures/result.ts";
import { encodeCode128, encodeGs1128 } from "./code128.ts";
import {
  type EncodeImage,
  type LabelDocument,
  type LabelElement,
  millimetresToDots,
} from "./label-document.ts";

/** `^FD` takes "any data string up to 3072 bytes" (ZPL II Programming Guide, ^FD). */
const maximumFieldBytes = 3072;

/**
 * A label document as ZPL II: plain ASCII, one line per element, exactly one printed label.
 * The head sets everything an earlier carrier label may have left behind: a printer keeps `^PO`, `^LH`, `^LR`,
 * `^FW`, `^MU` and their like until it is switched off. Fails with `label.invalid` when a barcode cannot hold its data.
 */
export function encodeZpl(document: LabelDocument, encodeImage: EncodeImage): Result<string> {
  const lines = [startLabel(document)];
  for (const element of document.elements) {
    const line = encodeElement(element, encodeImage);
    if (!line.ok) return line;
    lines.push(line.value);
  }
  lines.push("^PQ1^XZ\n");
  return succeed(lines.join("\n"));
}

function startLabel({ widthMillimetres, heightMillimetres, dotsPerInch }: LabelDocument): string {
  const width = millimetresToDots(widthMillimetres, dotsPerInch);
  const height = millimetresToDots(heightMillimetres, dotsPerInch);
  return `^XA^CI28^PW${dots(width)}^LL${dots(height)}^MUD^LH0,0^LS0^PON^PMN^LRN^FWN,0`;
}

function encodeElement(element: LabelElement, encodeImage: EncodeImage): Result<string> {
  const { xDots, yDots } = element;
  const origin = `^FO${dots(xDots)},${dots(yDots)}`;
  switch (element.kind) {
    case "text":
      return withField(`${origin}^A0N,${dots(element.heightDots)}`, succeed(element.text));
    case "code128":
      return withField(origin + code128Command(element), encodeCode128(element.data));
    case "gs1-128":
      return withField(origin + code128Command(element), encodeGs1128(element.data));
    case "qr":
      return withField(`${origin}^BQN,2,${dots(element.moduleDots)}`, qrField(element.data));
    case "datamatrix":
      return dataMatrix(origin, element.data, element.moduleDots);
    case "box": {
      const { widthDots, heightDots, thicknessDots } = element;
      return succeed(`${origin}^GB${dots(widthDots)},${dots(heightDots)},${dots(thicknessDots)}^FS`);
    }
    case "image":
      return succeed(
        encodeImage(element.bitmap)
          .map((band) => `^FO${dots(xDots)},${dots(yDots + band.yOffsetDots)}${band.command}^FS`)
          .join("\n"),
      );
    default:
      return unreachable(element);
  }
}

/** Height, no interpretation line (we draw our own), no check digit, mode N: we choose the subsets. */
const code128Command = (bars: { moduleDots: number; heightDots: number }): string =>
  `^BY${dots(bars.moduleDots)}^BCN,${dots(bars.heightDots)},N,N,N,N`;

/** `QA`: error correction level Q, automatic input. */
function qrField(data: string): Result<string> {
  const bytes = new TextEncoder().encode(data).length;
  if (bytes < 1 || bytes > 1000) return fail("label.invalid", { reason: "a QR code holds 1 to 1000 bytes" });
  return succeed(`QA,${data}`);
}

/** In quality 200 one character starts escapes and can be chosen: a character that does not occur starts none. */
function dataMatrix(origin: string, data: string, moduleDots: number): Result<string> {
  const escapeCharacter = [..."#$%&*+@"].find((char) => !data.includes(char));
  const bytes = new TextEncoder().encode(data).length;
  if (escapeCharacter === undefined || bytes < 1 || bytes > 1000) {
    return fail("label.invalid", { reason: "a Data Matrix holds 1 to 1000 bytes and not all of #$%&*+@" });
  }
  return withField(`${origin}^BXN,${dots(moduleDots)},200,,,,${escapeCharacter}`, succeed(data));
}

function withField(command: string, data: Result<string>): Result<string> {
  if (!data.ok) return data;
  if (new TextEncoder().encode(data.value).length > maximumFieldBytes) {
    return fail("label.invalid", { reason: `a field is longer than ${maximumFieldBytes} bytes` });
  }
  return succeed(`${command}^FH_^FD${escapeField(data.value)}^FS`);
}

/**
 * Only characters without meaning in any of the printer's languages stay as they are. The rest becomes `_xx` per
 * UTF-8 byte: `^ ~ _` and control bytes (ZPL), `!` (SGD and CPCL start a line with it), `{ }` (JSON commands),
 * `\` (line breaks in blocks), and everything beyond ASCII, so that no code page on the way can change a name.
 */
function escapeField(text: string): string {
  let escaped = "";
  for (const byte of new TextEncoder().encode(text)) {
    const char = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9 .,:;<>=/()#*+@&%$'"?-]/.test(char)
      ? char
      : `_${byte.toString(16).toUpperCase().padStart(2, "0")}`;
  }
  return escaped;
}

/** ZPL takes 0 to 32000 for every position and size. */
function dots(value: number): number {
  assert(Number.isInteger(value) && value >= 0 && value <= 32_000, `${value} is not a number of dots`);
  return value;
}
