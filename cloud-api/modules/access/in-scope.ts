import { type RawBuilder, sql } from "kysely";
import type { Scope } from "./principal.ts";

/** `and` conditions that keep a query inside a scope; `alias` names the table that bears tenant_id and hub_id. */
export function inScope(scope: Scope, alias: string): RawBuilder<unknown> {
  const tenant = sql`${sql.ref(`${alias}.tenant_id`)} = ${scope.tenantId}`;
  return scope.hubIds === "all" ? tenant : sql`${tenant} and ${inHubs(scope.hubIds, alias)}`;
}

/** Ids as JSON text: both drivers bind it alike. */
const inHubs = (hubIds: readonly string[], alias: string): RawBuilder<unknown> =>
  sql`${sql.ref(`${alias}.hub_id`)} in (select jsonb_array_elements_text(${JSON.stringify(hubIds)}::jsonb))`;

/** The same for tables whose rows belong to a customer. */
export function inOrderScope(scope: Scope, alias: string): RawBuilder<unknown> {
  const hubs = inScope(scope, alias);
  return scope.customerId === null
    ? hubs
    : sql`${hubs} and ${sql.ref(`${alias}.customer_id`)} = ${scope.customerId}`;
}
