import type { Kysely } from "kysely";

/** The shapes' own queries name tables that no schema of the program knows; they are written as plain SQL. */
export const withoutTables = <Tables>(kysely: Kysely<Tables>): Kysely<unknown> =>
  kysely as unknown as Kysely<unknown>;
