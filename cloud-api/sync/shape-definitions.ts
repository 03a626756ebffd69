import { shapeColumns, type StationShape, stationShapes } from "@waystation/shared/wire/cloud-http";
import type { KnownRelation } from "./relation-store.ts";
import { defineShape, type Replica, type ShapeDefinition } from "./shape-definition.ts";
import type { Expression } from "./where-expression.ts";

/** Whose rows a station sees. */
export type StationScope = { readonly stationId: string; readonly tenantId: string; readonly hubId: string };

type Rule = {
  /** Columns that must hold the station's own values. Never taken from a request. */
  readonly scope: Readonly<Record<string, keyof StationScope>>;
  /** What tells rows apart within one station's shape. */
  readonly key: readonly string[];
};

const ofHub = { tenant_id: "tenantId", hub_id: "hubId" } as const;

export const shapeRules: Readonly<Record<StationShape, Rule>> = {
  orders: { scope: ofHub, key: ["order_id"] },
  shipments: { scope: ofHub, key: ["order_id"] },
  releases: { scope: ofHub, key: ["order_id"] },
  channels: { scope: { tenant_id: "tenantId" }, key: ["code"] },
  sort_plans: { scope: ofHub, key: ["plan_id"] },
  acknowledgements: { scope: { station_id: "stationId" }, key: ["station_id", "log_id"] },
};

export const isStationShape = (table: string): table is StationShape =>
  stationShapes.some((shape) => shape === table);

export const tableOf = (shape: StationShape): { schema: string; table: string } => ({
  schema: "public",
  table: shape,
});

/** The station's own part of the table: columns, condition and key are the cloud's, whatever a request says. */
export function defineStationShape(
  shape: StationShape,
  { relation, epoch }: KnownRelation,
  scope: StationScope,
  replica: Replica,
): ShapeDefinition {
  const rule = shapeRules[shape];
  const where: Expression = {
    kind: "and",
    items: scopeValues(shape, scope).map(([column, value]) => ({
      kind: "equal",
      left: { kind: "column", name: column },
      right: { kind: "text", value },
    })),
  };
  return defineShape({ relation, epoch, columns: shapeColumns[shape], keyColumns: rule.key, where, replica });
}

export const scopeValues = (shape: StationShape, scope: StationScope): [column: string, value: string][] =>
  Object.entries(shapeRules[shape].scope).map(([column, name]) => [column, scope[name]]);
