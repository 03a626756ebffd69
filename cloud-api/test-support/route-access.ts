import type { Permission } from "@waystation/shared/model/access";

/**
 * Who may come in at every door of the cloud. A route that is not in here fails the test: nobody adds one without
 * saying whom it is for. `everywhere` is the permission for every hub of the tenant.
 */
export type Access =
  | "anyone"
  | "inside"
  | "station"
  | "person"
  | "root"
  | Permission
  | { readonly everywhere: Permission };

export const routeAccess: Readonly<Record<string, Access>> = {
  "GET /": "anyone",
  "GET /assets/:name": "anyone",
  "GET /livez": "anyone",
  "GET /readyz": "anyone",
  "GET /openapi.json": "anyone",
  "GET /docs": "anyone",
  "GET /docs/": "anyone",
  "GET /docs/:name": "anyone",
  "GET /docs/assets/:name": "anyone",
  "GET /metrics": "inside",

  "POST /v1/enrolments": "anyone",
  "POST /v1/stations/:stationId/challenges": "anyone",
  "POST /v1/stations/:stationId/tokens": "anyone",
  "PUT /v1/stations/:stationId/report": "station",
  "POST /v1/stations/:stationId/facts": "station",
  "GET /v1/shape": "station",

  "POST /v1/stations": "stations.manage",
  "POST /v1/stations/:stationId/revoke": "stations.manage",
  "POST /v1/stations/:stationId/restore": "stations.manage",
  "POST /v1/hubs": { everywhere: "stations.manage" },
  "POST /v1/tenants": "root",
  "POST /v1/backups": "root",

  "POST /v1/auth/sign-in": "anyone",
  "POST /v1/auth/second-factor": "anyone",
  "POST /v1/auth/invitations": "anyone",
  "GET /v1/auth/session": "person",
  "POST /v1/auth/sign-out": "person",
  "POST /v1/auth/second-factor/set-up": "person",
  "POST /v1/auth/second-factor/backup-codes": "person",
  "POST /v1/auth/password": "person",
  "GET /v1/auth/sessions": "person",
  "POST /v1/auth/sessions/:sessionId/end": "person",

  "POST /v1/people": "people.manage",
  "GET /v1/people": "people.manage",
  "POST /v1/people/:personId/invitations": "people.manage",
  "PUT /v1/people/:personId/roles": "people.manage",
  "POST /v1/people/:personId/disable": "people.manage",
  "POST /v1/people/:personId/enable": "people.manage",

  "POST /v1/customers": "keys.manage",
  "GET /v1/customers": "keys.manage",
  "POST /v1/customers/:customerId/keys": "keys.manage",
  "GET /v1/customers/:customerId/keys": "keys.manage",
  "POST /v1/keys/:keyId/revoke": "keys.manage",

  "POST /v1/orders/import": "orders.import",
  "POST /v1/orders/:orderId/cancel": "orders.cancel",
  "POST /v1/orders/:orderId/erase": "consignees.erase",
  "POST /v1/erasures": "consignees.erase",
  "POST /v1/channels/import": "channels.write",

  "GET /v1/console/overview": "overview.read",
  "GET /v1/console/changes": "overview.read",
  "GET /v1/console/orders": "orders.read",
  "GET /v1/console/parcels": "parcels.read",
  "GET /v1/console/facts": "facts.read",
  "GET /v1/console/parcels/:stationId/:parcelId/facts": "facts.read",
  "GET /v1/console/stations": "stations.read",
  "GET /v1/console/stations/:stationId": "stations.read",
  "GET /v1/console/stations/:stationId/counts": "facts.read",
  "GET /v1/console/hubs": "stations.read",
  "GET /v1/console/audit": { everywhere: "audit.read" },
};
