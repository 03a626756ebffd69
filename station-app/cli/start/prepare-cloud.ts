import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type ImportReply, importReplySchema } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import type { CloudClient } from "./call-cloud.ts";

const registeredSchema = z.object({ stationId: z.string(), token: z.string() });

/** Every launch gets a new token, which ends the one before. */
export async function registerStation(cloud: CloudClient, stationId: string): Promise<Result<string>> {
  const reply = await cloud({ path: "/v1/stations", body: JSON.stringify({ stationId }) }, registeredSchema);
  return reply.ok ? succeed(reply.value.token) : reply;
}

/** The format is the file's ending. Failure orders.file-invalid also when not one line of it was good. */
export async function importOrderFile(cloud: CloudClient, file: string): Promise<Result<ImportReply>> {
  const format = extname(file).slice(1).toLowerCase();
  if (format !== "csv" && format !== "json")
    return fail("orders.file-invalid", { reason: `${file} is neither .csv nor .json` });
  if (!existsSync(file)) return fail("orders.file-invalid", { reason: `there is no file ${file}` });
  const reply = await cloud(
    { path: `/v1/orders/import?format=${format}`, body: { file } },
    importReplySchema,
  );
  if (!reply.ok || reply.value.imported + reply.value.unchanged > 0) return reply;
  const [first] = reply.value.rejected;
  const reason = first === undefined ? `${file} has no orders` : `line ${first.line}: ${first.reason}`;
  return fail("orders.file-invalid", { reason });
}
