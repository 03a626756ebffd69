import { existsSync } from "node:fs";
import { extname } from "node:path";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { type ImportReply, importReplySchema } from "@waystation/shared/wire/cloud-http";
import { z } from "zod";
import { appVersion } from "../../engine/config/app-version.ts";
import { fetchToken } from "../../engine/edge/cloud-access.ts";
import { enrol } from "../../engine/edge/enrol.ts";
import { openKeyFile } from "../../engine/edge/station-key.ts";
import type { CloudClient } from "./call-cloud.ts";

const stationsSchema = z.object({ items: z.array(z.object({ stationId: z.string(), state: z.string() })) });

async function isRevoked(cloud: CloudClient, stationId: string): Promise<boolean> {
  const known = await cloud({ path: "/v1/console/stations" }, stationsSchema);
  const found = known.ok ? known.value.items.find((station) => station.stationId === stationId) : undefined;
  return found?.state === "revoked";
}

const codeSchema = z.object({ stationId: z.string(), code: z.string() });

/**
 * Makes the station known to this cloud by a key in this file. A key that the cloud takes stays; when one of both was
 * wiped, or they never met, the administrator's right gives a code for a new one.
 */
export async function enrolOwnStation(
  cloud: CloudClient,
  target: { readonly url: string; readonly stationId: string; readonly keyFile: string },
): Promise<Result<null>> {
  const keys = openKeyFile(target.keyFile);
  const token = await fetchToken(target, keys);
  if (token.ok) return succeed(null);
  const { stationId } = target;
  // Somebody shut it out on purpose: it stays out, and its screen says so.
  if (await isRevoked(cloud, stationId)) return succeed(null);
  const reply = await cloud({ path: "/v1/stations", body: JSON.stringify({ stationId }) }, codeSchema);
  if (!reply.ok) return reply;
  const enrolled = await enrol({
    cloudUrl: target.url,
    code: reply.value.code,
    keys,
    appVersion,
    replace: true,
    stationInFolder: null,
  });
  return enrolled.ok ? succeed(null) : enrolled;
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
