import {
  type ApiScope,
  type Permission,
  type Role,
  rolePermissions,
  scopePermissions,
} from "@waystation/shared/model/access";

/** A hub of null means every hub of the tenant. */
export type RoleGrant = { readonly role: Role; readonly hubId: string | null };

export type StationPrincipal = {
  readonly kind: "station";
  readonly stationId: string;
  readonly tenantId: string;
  readonly hubId: string;
};

/** Who asks. `root` is the installation's own token: whoever set the cloud up. */
export type Principal =
  | StationPrincipal
  | { readonly kind: "root"; readonly tenantId: string }
  | {
      readonly kind: "person";
      readonly personId: string;
      readonly name: string;
      readonly tenantId: string;
      readonly sessionId: string;
      /** Shown in this very session. Without it the grants count for nothing. */
      readonly secondFactor: boolean;
      readonly grants: readonly RoleGrant[];
    }
  | {
      readonly kind: "customer";
      readonly keyId: string;
      readonly customerId: string;
      readonly tenantId: string;
      readonly hubId: string;
      readonly scopes: readonly ApiScope[];
    };

/** The rows one request may touch. Every query of people's and customers' data takes one. */
export type Scope = {
  readonly tenantId: string;
  readonly hubIds: readonly string[] | "all";
  /** Only this customer's orders and parcels; null: everybody's. */
  readonly customerId: string | null;
};

/** What the permission reaches for this principal; null where it has none. Stations have routes of their own. */
export function scopeFor(principal: Principal, permission: Permission): Scope | null {
  const { tenantId } = principal;
  switch (principal.kind) {
    case "station":
      return null;
    case "root":
      return { tenantId, hubIds: "all", customerId: null };
    case "customer":
      return principal.scopes.some((scope) => scopePermissions[scope].includes(permission))
        ? { tenantId, hubIds: [principal.hubId], customerId: principal.customerId }
        : null;
    case "person":
      return principal.secondFactor ? scopeOfGrants(tenantId, principal.grants, permission) : null;
  }
}

function scopeOfGrants(tenantId: string, grants: readonly RoleGrant[], permission: Permission): Scope | null {
  const granting = grants.filter(({ role }) => rolePermissions[role].includes(permission));
  if (granting.length === 0) return null;
  const hubIds = granting.flatMap(({ hubId }) => (hubId === null ? [] : [hubId]));
  return { tenantId, hubIds: hubIds.length < granting.length ? "all" : hubIds, customerId: null };
}

/** Who did it, for the audit log. */
export function nameActor(principal: Principal): string {
  switch (principal.kind) {
    case "station":
      return `station ${principal.stationId}`;
    case "root":
      return "root";
    case "person":
      return `person ${principal.personId}`;
    case "customer":
      return `key ${principal.keyId}`;
  }
}
