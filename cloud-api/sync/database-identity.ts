import { createHash } from "node:crypto";
import { type Kysely, type QueryExecutorProvider, sql } from "kysely";
import { renewEpochs } from "./capture-schema.ts";

/**
 * Positions of the log mean something in this one database only. A dump restored elsewhere, or the same cluster
 * wound back in time, has other marks than those written down: then every client begins anew.
 */
export async function keepIdentity(db: Kysely<unknown>): Promise<void> {
  const identity = await readIdentity(db);
  await db.transaction().execute(async (tx) => {
    const { rows } = await sql<{ identity: string }>`
      select identity from waystation_shapes.state for update`.execute(tx);
    const before = rows[0]?.identity ?? "";
    if (before === identity) return;
    if (before !== "") await renewEpochs(tx);
    await sql`update waystation_shapes.state set identity = ${identity}`.execute(tx);
  });
}

async function readIdentity(db: QueryExecutorProvider): Promise<string> {
  const { rows } = await sql<{ marks: string }>`
    select concat_ws('/', (select system_identifier from pg_control_system()),
      (select timeline_id from pg_control_checkpoint()),
      (select oid from pg_database where datname = current_database()),
      'waystation_shapes.log'::regclass::oid) as marks`.execute(db);
  return createHash("sha256")
    .update(rows[0]?.marks ?? "")
    .digest("hex");
}
