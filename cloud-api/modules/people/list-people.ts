import { type Kysely, sql } from "kysely";
import type { CloudTables } from "../../db/tables.ts";
import type { RoleGrant, Scope } from "../access/principal.ts";

export type PersonView = {
  readonly personId: string;
  readonly name: string;
  readonly email: string;
  readonly state: "invited" | "active" | "disabled";
  readonly secondFactor: boolean;
  readonly roles: readonly RoleGrant[];
  readonly createdAt: string;
};

const pageRows = 100;

/** Those with a role in the scope, and of their roles only those; by e-mail address. */
export async function listPeople(
  kysely: Kysely<CloudTables>,
  { tenantId, hubIds }: Scope,
  after: string | null,
): Promise<{ readonly items: readonly PersonView[]; readonly next: string | null }> {
  const reached =
    hubIds === "all"
      ? sql`true`
      : sql`g.hub_id in (select jsonb_array_elements_text(${JSON.stringify(hubIds)}::jsonb))`;
  const { rows } = await sql<PersonView>`
    select p.id as "personId", p.name, p.email, p.two_factor_enabled as "secondFactor", p.created_at as "createdAt",
      case when p.disabled_at is not null then 'disabled'
        when exists (select 1 from people_accounts a where a.person_id = p.id) then 'active' else 'invited' end as state,
      roles.list as roles
    from people p cross join lateral (
      select coalesce(jsonb_agg(jsonb_build_object('role', g.role, 'hubId', g.hub_id)), '[]') as list, count(*) as many
      from role_grants g where g.person_id = p.id and ${reached}) roles
    where p.tenant_id = ${tenantId} and p.email > ${after ?? ""} and (${hubIds === "all"}::boolean or roles.many > 0)
    order by p.email limit ${pageRows + 1}`.execute(kysely);
  const items = rows.slice(0, pageRows);
  return { items, next: rows.length > pageRows ? (items.at(-1)?.email ?? null) : null };
}
