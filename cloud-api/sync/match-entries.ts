import { type QueryExecutorProvider, sql } from "kysely";
import type { LogEntry } from "./log-entries.ts";
import { meetsEqualities, type ShapeDefinition, writeCondition } from "./shape-definition.ts";

/** Whether the row before and the row after the change belong to the shape. */
export type EntryMatch = { readonly before: boolean; readonly after: boolean };

/**
 * Judges entries of the shape's table. Plain equalities are compared here; any other condition is asked of the
 * database, over the rows as the log has them, so that it means exactly what it means in the snapshot.
 */
export async function matchEntries(
  db: QueryExecutorProvider,
  definition: ShapeDefinition,
  entries: readonly LogEntry[],
): Promise<EntryMatch[]> {
  const { where } = definition;
  if (where === null)
    return entries.map(({ oldText, newText }) => ({ before: oldText !== null, after: newText !== null }));
  const { equalities } = where;
  if (equalities !== null)
    return entries.map((entry) => ({
      before: entry.oldText !== null && meetsEqualities(equalities, entry.oldRow()),
      after: entry.newText !== null && meetsEqualities(equalities, entry.newRow()),
    }));
  const texts = [...new Set(entries.flatMap(({ oldText, newText }) => [oldText, newText]))].filter(
    (text) => text !== null,
  );
  const met = await findMet(db, definition, texts);
  return entries.map(({ oldText, newText }) => ({
    before: oldText !== null && met.has(oldText),
    after: newText !== null && met.has(newText),
  }));
}

async function findMet(
  db: QueryExecutorProvider,
  { relation, where }: ShapeDefinition,
  texts: readonly string[],
): Promise<ReadonlySet<string>> {
  if (texts.length === 0) return new Set();
  // One evaluation of the row for each text: `offset 0` keeps the planner from repeating it for every column.
  const { rows } = await sql<{ place: string }>`
    select r.place::text as place
    from jsonb_array_elements_text(${JSON.stringify(texts)}::text::jsonb) with ordinality as r(record, place),
      lateral (select r.record::${sql.id(relation.schema, relation.table)} as whole offset 0) as w
    where ${writeCondition(where, sql`(w.whole)`)}`.execute(db);
  return new Set(rows.map(({ place }) => texts[Number(place) - 1] ?? ""));
}
