import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";

/** Where the bytes and their meaning come from. Readings are never computed by our own codec. */
const sourceSchema = z.strictObject({
  /** published: bytes and meaning stand in the document; device: recorded from one; made: written by hand after it. */
  from: z.enum(["published", "device", "made"]),
  document: z.string().min(1),
  page: z.string().optional(),
  address: z.url().optional(),
});

/** Timed bytes of one device and what they mean. */
const captureSchema = z.strictObject({
  source: sourceSchema,
  options: z.record(z.string(), z.unknown()).default({}),
  chunks: z.array(z.strictObject({ atMs: z.int(), hex: z.string().regex(/^([0-9a-f]{2})+$/) })).min(1),
  readings: z.array(z.looseObject({ kind: z.string() })),
});
export type Capture = z.infer<typeof captureSchema> & { readonly name: string };

const folder = fileURLToPath(new URL("../../fixtures/captures/", import.meta.url));

export function listCapturedModels(): readonly string[] {
  return readdirSync(folder);
}

export function readCaptures(model: string): readonly Capture[] {
  const path = join(folder, model);
  if (!existsSync(path)) return [];
  return readdirSync(path).map((file) => {
    const text = readFileSync(join(path, file), "utf8");
    return { name: file, ...captureSchema.parse(JSON.parse(text)) };
  });
}

export const joinChunks = (capture: Capture): Uint8Array =>
  Buffer.concat(capture.chunks.map(({ hex }) => Buffer.from(hex, "hex")));

/** Cuts the bytes at the given places, whatever their order. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): readonly Uint8Array[] {
  const ordered = [
    0,
    ...places.map((place) => place % (bytes.length + 1)).toSorted((a, b) => a - b),
    bytes.length,
  ];
  return ordered.slice(1).map((end, position) => bytes.subarray(ordered[position], end));
}
