import type { Kysely } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import { hashToken } from "../access/tokens.ts";

/** Longer than any code of the second factor is good for. */
const keptMs = 600_000;

/** False for a code that this person has used before: somebody looked over their shoulder. */
export async function spendCode(
  kysely: Kysely<CloudTables>,
  personId: string,
  code: string,
): Promise<boolean> {
  const now = new Date();
  await kysely
    .deleteFrom("people_used_codes")
    .where("person_id", "=", personId)
    .where("used_at", "<", new Date(now.getTime() - keptMs))
    .execute();
  const { numInsertedOrUpdatedRows } = await kysely
    .insertInto("people_used_codes")
    .values({ person_id: personId, code_hash: hashToken(`${personId} ${code}`), used_at: now })
    .onConflict((conflict) => conflict.columns(["person_id", "code_hash"]).doNothing())
    .executeTakeFirstOrThrow();
  return numInsertedOrUpdatedRows === 1n;
}
