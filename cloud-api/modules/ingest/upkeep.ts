import type { Kysely } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import { projectLateFacts } from "./project-late-facts.ts";
import { addFactMonth } from "./queries.ts";

/** Partitions are there before the month begins, also for a cloud that is not started for a while. */
const monthsAhead = 3;

/** Daily work on facts: room for the months to come, and facts that came before this program knew their type. */
export async function keepUpFacts(kysely: Kysely<CloudTables>, now: Date): Promise<void> {
  for (let ahead = 0; ahead < monthsAhead; ahead += 1) {
    const month = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1));
    await addFactMonth(kysely, month.toISOString().slice(0, 10));
  }
  await projectLateFacts(kysely);
}
