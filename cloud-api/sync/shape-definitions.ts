import { shapeColumns, type StationShape } from "@waystation/shared/wire/cloud-http";

type ShapeDefinition = {
  /** Text key as the capture triggers write it into the log. */
  readonly keyColumn: string;
  readonly primaryKey: readonly string[];
  /** Column that must equal the asking station's id; null where every station sees every row. */
  readonly scopeColumn: "station_id" | null;
};

export const shapeDefinitions: Readonly<Record<StationShape, ShapeDefinition>> = {
  orders: { keyColumn: "order_id", primaryKey: ["order_id"], scopeColumn: null },
  shipments: { keyColumn: "order_id", primaryKey: ["order_id"], scopeColumn: null },
  releases: { keyColumn: "order_id", primaryKey: ["order_id"], scopeColumn: null },
  channels: { keyColumn: "code", primaryKey: ["code"], scopeColumn: null },
  sort_plans: { keyColumn: "plan_id", primaryKey: ["plan_id"], scopeColumn: null },
  acknowledgements: { keyColumn: "log_id", primaryKey: ["station_id", "log_id"], scopeColumn: "station_id" },
};

export const isStationShape = (table: string): table is StationShape =>
  Object.hasOwn(shapeDefinitions, table);

const wholeNumbers: ReadonlySet<string> = new Set([
  "revision",
  "version",
  "received_through",
  "durable_through",
]);

/** Value of the `electric-schema` header, the same as Electric derives from the table. */
export function describeSchema(table: StationShape): string {
  const { primaryKey } = shapeDefinitions[table];
  const columns = shapeColumns[table].map((column) => {
    const position = primaryKey.indexOf(column);
    const type = wholeNumbers.has(column) ? "int8" : "text";
    return [column, { type, not_null: true, ...(position < 0 ? {} : { pk_index: position }) }];
  });
  return JSON.stringify(Object.fromEntries(columns));
}
