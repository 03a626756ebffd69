import { type Kysely, type RawBuilder, sql } from "kysely";
import { textSettings } from "./capture-schema.ts";
import { formatRelation } from "./relation.ts";
import { type ShapeDefinition, writeCondition } from "./shape-definition.ts";
import type { Spool } from "./spool.ts";

export type SnapshotSink = {
  readonly spool: Spool;
  readonly chunkBytes: number;
  /** Before any row: number of the newest commit that the snapshot holds. */
  readonly onStart: (start: number) => void;
  /** After every chunk, the last one included. */
  readonly onChunk: (last: boolean) => void;
  readonly isWanted: () => boolean;
};

type Horizon = { number: string; epoch: string | null; xmin: string; xmax: string; running: string };

export type SnapshotReply =
  | { readonly kind: "complete"; readonly rows: number }
  /** The table is no longer what the definition says. */
  | { readonly kind: "outdated" }
  | { readonly kind: "unwanted" };

/** A row may be a line or a label of a quarter of a megabyte: how many are fetched at once follows from those before. */
const rowsPerFetch = { first: 100, least: 10, most: 5000 };
const charactersPerFetch = 2_000_000;

/**
 * Writes the rows of the shape, as they are at one moment, as ready messages. The table is locked against changes
 * of its structure first: those do not respect the moment. On the embedded database nobody else gets a turn
 * meanwhile, so nothing here waits for a client.
 */
export function takeSnapshot(
  db: Kysely<unknown>,
  definition: ShapeDefinition,
  sink: SnapshotSink,
): Promise<SnapshotReply> {
  const { schema, table, oid } = definition.relation;
  return db.transaction().execute(async (tx) => {
    await sql`set transaction isolation level repeatable read, read only`.execute(tx);
    await sql`lock table ${sql.id(schema, table)} in access share mode`.execute(tx);
    const { rows } = await sql<Horizon>`
      select (select coalesce(max(number), (select trimmed_through from waystation_shapes.state))
          from waystation_shapes.commits)::text as number,
        (select epoch from waystation_shapes.relations where relation = ${oid}::text::oid) as epoch,
        pg_snapshot_xmin(seen)::text as xmin, pg_snapshot_xmax(seen)::text as xmax,
        array(select pg_snapshot_xip(seen))::text as running,
        set_config('standard_conforming_strings', 'on', true),
        ${sql.join(textSettings.map(([name, value]) => sql`set_config(${name}, ${value}, true)`))}
      from pg_current_snapshot() as seen`.execute(tx);
    const [horizon] = rows;
    if (horizon === undefined || horizon.epoch !== definition.epoch) return { kind: "outdated" };
    sink.onStart(Number(horizon.number));
    await sql`declare waystation_rows no scroll cursor for
      select ${writeRow(definition)} as line from ${sql.id(schema, table)} as r
      where ${writeCondition(definition.where, sql`r`)}`.execute(tx);
    return spoolRows(
      async (count) => {
        const page = await sql<{
          line: string;
        }>`fetch ${sql.raw(String(count))} from waystation_rows`.execute(tx);
        return page.rows;
      },
      describeEnd(horizon),
      sink,
    );
  });
}

async function spoolRows(
  fetchPage: (count: number) => Promise<readonly { line: string }[]>,
  end: string,
  sink: SnapshotSink,
): Promise<SnapshotReply> {
  let lines: string[] = [];
  let bytes = 0;
  let rows = 0;
  const append = async (): Promise<void> => {
    await sink.spool.append(Buffer.from(`[${lines.join(",\n")}]`));
    lines = [];
    bytes = 0;
  };
  for (let asked = rowsPerFetch.first; ; ) {
    const page = await fetchPage(asked);
    for (const { line } of page) {
      lines.push(line);
      bytes += Buffer.byteLength(line) + 1;
      if (bytes < sink.chunkBytes) continue;
      await append();
      sink.onChunk(false);
      if (!sink.isWanted()) return { kind: "unwanted" };
    }
    rows += page.length;
    if (page.length < asked) break;
    if (!sink.isWanted()) return { kind: "unwanted" };
    asked = chooseNextFetch(page);
  }
  lines.push(end);
  await append();
  if (!sink.isWanted()) return { kind: "unwanted" };
  sink.onChunk(true);
  return { kind: "complete", rows };
}

function chooseNextFetch(page: readonly { line: string }[]): number {
  const characters = page.reduce((sum, { line }) => sum + line.length, 0);
  const fitting = Math.floor(charactersPerFetch / (characters / page.length));
  return Math.max(rowsPerFetch.least, Math.min(rowsPerFetch.most, fitting));
}

const describeEnd = ({ xmin, xmax, running }: Horizon): string =>
  JSON.stringify({
    headers: {
      control: "snapshot-end",
      xmin,
      xmax,
      xip_list: running === "{}" ? [] : running.slice(1, -1).split(","),
    },
  });

/** The whole message as text, put together by the database: the fastest way to a million of them. */
function writeRow({ relation, columns, keyColumns }: ShapeDefinition): RawBuilder<string> {
  const literal = (text: string): RawBuilder<unknown> => sql`${sql.lit(text)}`;
  const json = (value: RawBuilder<unknown>): RawBuilder<unknown> => sql`to_json(${value})::text`;
  const column = (name: string): RawBuilder<unknown> => sql`r.${sql.id(name)}::text`;
  const key = [
    literal(formatRelation(relation)),
    ...keyColumns.map(
      ({ name }) => sql`'/' || coalesce('"' || replace(${column(name)}, '/', '//') || '"', '_')`,
    ),
  ];
  const values = columns.map(
    ({ name }, place) =>
      sql`${literal(`${place === 0 ? "" : ","}${JSON.stringify(name)}:`)} || coalesce(${json(column(name))}, 'null')`,
  );
  const headers = { operation: "insert", relation: [relation.schema, relation.table] };
  return sql<string>`'{"key":' || ${json(sql`(${sql.join(key, sql` || `)})`)} || ',"value":{' || ${sql.join(values, sql` || `)}
    || ${literal(`},"headers":${JSON.stringify(headers)}}`)}`;
}
