import { type Kysely, sql } from "kysely";
import type { CloudTables } from "../../db/tables.ts";

/** The fleet in numbers, without a single id: what a graph and an alarm need. */
export type FleetState = {
  /** Stations by state: waiting (never enrolled), enrolled, revoked. */
  readonly states: Readonly<Record<string, number>>;
  /** Enrolled stations by how long ago they were heard of. */
  readonly seen: Readonly<Record<string, number>>;
  /** Facts taken and not yet on synced storage. */
  readonly factsNotDurable: number;
  /** Facts that stations said they still have to send. */
  readonly factsToCome: number;
  readonly alarms: number;
};

const steps = [
  { name: "1m", seconds: 60 },
  { name: "5m", seconds: 300 },
  { name: "1h", seconds: 3600 },
  { name: "1d", seconds: 86_400 },
] as const;

export async function readFleet(kysely: Kysely<CloudTables>): Promise<FleetState> {
  const { rows: stations } = await sql<{ state: string; age: number | null }>`
    select case when s.revoked_at is not null then 'revoked' when s.public_key is null then 'waiting'
        else 'enrolled' end as state,
      extract(epoch from now() - greatest(r.reported_at, max(a.updated_at)))::float8 as age
    from stations s left join station_reports r using (station_id) left join acknowledgements a using (station_id)
    group by s.station_id, s.revoked_at, s.public_key, r.reported_at`.execute(kysely);
  const { rows: counts } = await sql<{ not_durable: number; to_come: number; alarms: number }>`
    select (select coalesce(sum(received_through - durable_through), 0) from acknowledgements)::float8 as not_durable,
      (select coalesce(sum(greatest((body->'log'->>'recorded')::bigint - (body->'log'->>'acknowledged')::bigint, 0)), 0)
        from station_reports)::float8 as to_come,
      (select count(*) from fact_alarms)::float8 as alarms`.execute(kysely);
  const enrolled = stations.flatMap(({ state, age }) => (state === "enrolled" ? [age] : []));
  return {
    states: countBy(
      ["waiting", "enrolled", "revoked"],
      stations.map(({ state }) => state),
    ),
    seen: countBy([...steps.map(({ name }) => name), "longer", "never"], enrolled.map(nameAge)),
    factsNotDurable: counts[0]?.not_durable ?? 0,
    factsToCome: counts[0]?.to_come ?? 0,
    alarms: counts[0]?.alarms ?? 0,
  };
}

const nameAge = (age: number | null): string =>
  age === null ? "never" : (steps.find(({ seconds }) => age <= seconds)?.name ?? "longer");

const countBy = (names: readonly string[], found: readonly string[]): Record<string, number> =>
  Object.fromEntries(names.map((name) => [name, found.filter((one) => one === name).length]));

/** Name of the newest migration that the database has had. */
export async function readSchemaName(kysely: Kysely<CloudTables>): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select name from kysely_migration order by name desc limit 1`.execute(kysely);
  return rows[0]?.name ?? "";
}
