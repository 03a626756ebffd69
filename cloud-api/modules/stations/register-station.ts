import type { Kysely } from "kysely";
import { z } from "zod";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { describeIssues } from "../../config/cloud-config.ts";
import type { CloudTables } from "../../db/tables.ts";
import { hashToken, mintToken } from "./tokens.ts";

export const registerStationSchema = z.object({
  /** Appears in paths and in every fact. */
  stationId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "letters, digits, . _ - only, at most 64"),
  name: z.string().max(120).optional(),
});

/**
 * Registers a station, or gives a registered one a new token and thereby ends the old one. The token is in
 * the answer and nowhere else: only its hash is stored.
 */
export async function registerStation(
  kysely: Kysely<CloudTables>,
  input: unknown,
): Promise<Result<{ stationId: string; token: string }>> {
  const parsed = registerStationSchema.safeParse(input);
  if (!parsed.success) return fail("request.invalid", { reason: describeIssues(parsed.error) });
  const { stationId, name } = parsed.data;
  const token = mintToken();
  const tokenHash = hashToken(token);
  await kysely
    .insertInto("stations")
    .values({ station_id: stationId, name: name ?? stationId, token_hash: tokenHash })
    .onConflict((conflict) =>
      conflict
        .column("station_id")
        .doUpdateSet({ token_hash: tokenHash, ...(name === undefined ? {} : { name }) }),
    )
    .execute();
  return succeed({ stationId, token });
}
