import { open, realpath } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import type { Shipment } from "@waystation/shared/model/order";
import type { LabelSource } from "./build-order.ts";

export const maxLabelBytes = 262_144;

type Label = Shipment["label"];
export type LabelResult =
  | { readonly ok: true; readonly label: Label }
  | { readonly ok: false; readonly reason: string };

const refuse = (reason: string): LabelResult => ({ ok: false, reason: `label: ${reason}` });

/**
 * Turns a label's source into what the shipment carries. Files are read only below `folder`, the folder of
 * the orders file; without one (an upload over HTTP) a path is refused.
 */
export async function readLabelSource(source: LabelSource, folder: string | undefined): Promise<LabelResult> {
  if (source.kind === "house" || source.kind === "missing") return { ok: true, label: source };
  if (source.kind !== "file") return checkLabel(source.kind, Buffer.from(source.base64, "base64"));
  if (folder === undefined) return refuse("a file name is possible only where the import can see the file");
  const kind = /\.zpl$/i.test(source.path) ? "zpl" : /\.png$/i.test(source.path) ? "png" : null;
  if (kind === null) return refuse("a label file must end in .zpl or .png");
  const bytes = await readInside(folder, source.path);
  return typeof bytes === "string" ? refuse(bytes) : checkLabel(kind, bytes);
}

function checkLabel(kind: "zpl" | "png", bytes: Buffer): LabelResult {
  if (bytes.length > maxLabelBytes) return refuse(`more than ${maxLabelBytes} bytes`);
  const png = bytes.subarray(0, 8).equals(Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]));
  if (kind === "png" && !png) return refuse("the file is not a PNG image");
  if (kind === "zpl" && !/\^XA[\s\S]*\^XZ/i.test(bytes.toString("latin1")))
    return refuse("the file is not ZPL");
  return { ok: true, label: { kind, base64: bytes.toString("base64") } };
}

/** The real path decides, so that neither `..` nor a link leads out of the folder. */
async function readInside(folder: string, path: string): Promise<Buffer | string> {
  try {
    const root = await realpath(folder);
    const real = await realpath(join(root, path));
    const inside = relative(root, real);
    if (inside.startsWith("..") || isAbsolute(inside))
      return "the file lies outside the folder of the orders";
    const file = await open(real, "r");
    try {
      const { size } = await file.stat();
      return size > maxLabelBytes ? `more than ${maxLabelBytes} bytes` : await file.readFile();
    } finally {
      await file.close();
    }
  } catch {
    return `the file ${path.slice(0, 100)} cannot be read`;
  }
}
