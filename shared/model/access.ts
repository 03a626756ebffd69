import { z } from "zod";

/** What people are in a hub. `cloud-admin` configures; `technician` looks after stations and devices. */
export const roleSchema = z.enum(["operator", "supervisor", "technician", "cloud-admin", "finance"]);
export type Role = z.infer<typeof roleSchema>;

/** What a customer's key may do. */
export const apiScopeSchema = z.enum(["orders:read", "orders:write", "parcels:read"]);
export type ApiScope = z.infer<typeof apiScopeSchema>;

/** Everything that is asked for at the cloud's doors, one word each. */
export const permissions = [
  "overview.read",
  "orders.read",
  "orders.import",
  "orders.cancel",
  "channels.write",
  "parcels.read",
  "facts.read",
  "stations.read",
  "stations.manage",
  "people.manage",
  "keys.manage",
  "consignees.erase",
  "audit.read",
  "support.read",
] as const;
export type Permission = (typeof permissions)[number];

const readAll = ["overview.read", "orders.read", "parcels.read", "facts.read", "stations.read"] as const;

/** A total table: a new role does not compile without its row. */
export const rolePermissions: Readonly<Record<Role, readonly Permission[]>> = {
  operator: ["overview.read", "parcels.read"],
  supervisor: [...readAll, "orders.cancel"],
  technician: [
    "overview.read",
    "parcels.read",
    "facts.read",
    "stations.read",
    "stations.manage",
    "support.read",
  ],
  "cloud-admin": permissions,
  finance: ["overview.read", "orders.read", "parcels.read"],
};

export const scopePermissions: Readonly<Record<ApiScope, readonly Permission[]>> = {
  "orders:read": ["orders.read"],
  "orders:write": ["orders.import", "orders.cancel"],
  "parcels:read": ["parcels.read"],
};
