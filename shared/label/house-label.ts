import { fail, type Result, succeed } from "../failures/result.ts";
import { countCode128Modules } from "./code128.ts";
import {
  type DotsPerInch,
  type LabelDocument,
  type LabelElement,
  millimetresToDots,
} from "./label-document.ts";
import { cleanText, fitText, lineHeightDots } from "./text-layout.ts";

/** What our own label shows. Its owner maps an order to it; empty parts are left out. */
export type HouseLabelInput = {
  readonly consignee: {
    readonly name: string;
    readonly company?: string | undefined;
    readonly street1: string;
    readonly street2?: string | undefined;
    readonly city: string;
    readonly state?: string | undefined;
    readonly postcode: string;
    /** ISO 3166-1 alpha-2. */
    readonly country: string;
    readonly phone?: string | undefined;
  };
  readonly channel: string;
  /** Printable ASCII; drawn as Code 128 with its text below. */
  readonly trackingNumber: string;
  readonly waybill: string;
  readonly weightGrams?: number | undefined;
  /** Where the next hands should put it, e.g. a chute or a zone. */
  readonly sortHint?: string | undefined;
};

/** Bytes to print as they are, or what to compose. `bytes` of a carrier are never changed. */
export type LabelSource =
  | { readonly kind: "zpl"; readonly bytes: Uint8Array }
  | { readonly kind: "png"; readonly bytes: Uint8Array }
  | { readonly kind: "house"; readonly fields: HouseLabelInput };

/** Millimetres. The label is 100 x 150; a margin of 4 keeps clear of a roll that runs a little aside. */
const page = { width: 100, height: 150, margin: 4 };
const band = { head: 4, address: 27, barcode: 86, foot: 128, end: 147 };

/**
 * Our own label: channel and country, consignee, tracking number as Code 128, waybill, weight and sort hint.
 * Fails with `label.invalid` when the tracking number has no Code 128 that scanners read at this width, or when
 * the text does not fit even at its smallest (an order within the schema's lengths fits).
 */
export function composeHouseLabel(
  input: HouseLabelInput,
  dotsPerInch: DotsPerInch = 203,
): Result<LabelDocument> {
  const mm = (millimetres: number): number => millimetresToDots(millimetres, dotsPerInch);
  const blocks = [
    drawHead(input, mm),
    drawConsignee(input, mm),
    drawTrackingNumber(input.trackingNumber, mm),
    drawFoot(input, mm),
  ];
  const elements: LabelElement[] = [];
  for (const block of blocks) {
    if (!block.ok) return block;
    elements.push(...block.value);
  }
  for (const y of [band.address, band.barcode, band.foot]) elements.push(drawRule(y - 2, mm));
  return succeed({ widthMillimetres: page.width, heightMillimetres: page.height, dotsPerInch, elements });
}

type ToDots = (millimetres: number) => number;
type Block = Result<LabelElement[]>;

function drawHead({ channel, consignee }: HouseLabelInput, mm: ToDots): Block {
  const area = { y: band.head, height: band.address - band.head - 3 };
  const left = drawText([channel], { ...area, x: page.margin, width: 58, tallest: 12, smallest: 2 }, mm);
  const right = drawText([consignee.country], { ...area, x: 66, width: 30, tallest: 16, smallest: 8 }, mm);
  return left.ok && right.ok ? succeed([...left.value, ...right.value]) : left.ok ? right : left;
}

function drawConsignee({ consignee }: HouseLabelInput, mm: ToDots): Block {
  const { name, company, street1, street2, city, state, postcode, country, phone } = consignee;
  const place = [postcode, city, state].filter(Boolean).join(" ");
  const lines = [name, company, street1, street2, place, country, phone];
  const height = band.barcode - band.address - 3;
  const area = { x: page.margin, y: band.address, width: 92, height, tallest: 6, smallest: 1.5 };
  return drawText(lines, area, mm);
}

function drawTrackingNumber(trackingNumber: string, mm: ToDots): Block {
  const moduleDots = chooseModuleDots(trackingNumber, mm);
  if (moduleDots === undefined) {
    return fail("label.invalid", { reason: "the tracking number is too long for its barcode" });
  }
  const bars: LabelElement = {
    kind: "code128",
    data: trackingNumber,
    xDots: Math.floor((mm(page.width) - countCode128Modules(trackingNumber) * moduleDots) / 2),
    yDots: mm(band.barcode + 1),
    heightDots: mm(28),
    moduleDots,
  };
  const area = { x: page.margin, y: band.barcode + 31, width: 92, height: 8, tallest: 6, smallest: 2 };
  const text = drawText([trackingNumber], area, mm);
  return text.ok ? succeed([bars, ...text.value]) : text;
}

/** The widest bars that leave the quiet zones white; narrower than 0.25 mm a thermal printer does not hold. */
function chooseModuleDots(data: string, mm: ToDots): number | undefined {
  const modules = countCode128Modules(data) + 2 * 10;
  const widest = Math.floor(mm(page.width) / modules);
  return widest >= mm(0.25) ? Math.min(widest, mm(0.5)) : undefined;
}

function drawFoot({ waybill, weightGrams, sortHint }: HouseLabelInput, mm: ToDots): Block {
  const area = { y: band.foot, height: band.end - band.foot };
  const weight = weightGrams === undefined ? undefined : `${(weightGrams / 1000).toFixed(3)} kg`;
  const left = drawText(
    [waybill, weight],
    { ...area, x: page.margin, width: 54, tallest: 6, smallest: 2 },
    mm,
  );
  const right = drawText([sortHint], { ...area, x: 62, width: 34, tallest: 14, smallest: 2 }, mm);
  return left.ok && right.ok ? succeed([...left.value, ...right.value]) : left.ok ? right : left;
}

/** Millimetres, the heights being those of the characters. */
type Area = {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  readonly tallest: number;
  readonly smallest: number;
};

function drawText(parts: readonly (string | undefined)[], area: Area, mm: ToDots): Block {
  const paragraphs = parts.map((part) => cleanText(part ?? "")).filter((part) => part !== "");
  const maximumWidthDots = mm(area.width);
  const fitted = fitText(paragraphs, {
    widthDots: maximumWidthDots,
    heightDots: mm(area.height),
    tallestDots: mm(area.tallest),
    smallestDots: mm(area.smallest),
  });
  if (fitted === undefined) return fail("label.invalid", { reason: "its text does not fit the label" });
  const { lines, heightDots } = fitted;
  return succeed(
    lines.map((text, index) => ({
      kind: "text",
      text,
      heightDots,
      maximumWidthDots,
      xDots: mm(area.x),
      yDots: mm(area.y) + index * lineHeightDots(heightDots),
    })),
  );
}

function drawRule(y: number, mm: ToDots): LabelElement {
  const thicknessDots = mm(0.4);
  const widthDots = mm(page.width - 2 * page.margin);
  return {
    kind: "box",
    xDots: mm(page.margin),
    yDots: mm(y),
    widthDots,
    heightDots: thicknessDots,
    thicknessDots,
  };
}
