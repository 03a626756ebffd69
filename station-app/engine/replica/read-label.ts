import { hash } from "node:crypto";
import type { LabelLanguage } from "@waystation/drivers/printers/language";
import { describeCause, fail, type Result } from "@waystation/shared/failures/result";
import type { LabelSource } from "@waystation/shared/label/house-label";
import { type Order, orderSchema, type Shipment, shipmentSchema } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import { isDamage } from "../core/database-damage.ts";
import type { Sqlite } from "../core/open-database.ts";
import { composeLabel } from "../label/compose-label.ts";
import type { ComposedLabel } from "../label/composed-label.ts";

export type LabelRequest = {
  readonly orderId: string;
  readonly weightGrams: number | null;
  readonly chute: number | null;
  /** What the printer understands. */
  readonly language: LabelLanguage;
};

/**
 * From the order's rows to the bytes for the printer: a carrier's own are passed through, ours are composed. Both
 * parts are held against the hash the cloud released them with: what the disk changed is not printed, but told.
 */
export function prepareReadLabel(
  db: Sqlite,
  onDamage: (reason: string) => void = () => undefined,
): (request: LabelRequest) => Promise<Result<ComposedLabel>> {
  const readRow = prepareReadRow(db, onDamage);
  return async (request) => {
    const { orderId } = request;
    const row = readRow(orderId);
    if (row === undefined) return fail("label.missing", { orderId });
    const order = orderSchema.parse(JSON.parse(row.orderBody));
    const source = chooseSource(order, shipmentSchema.parse(JSON.parse(row.shipmentBody)).label, request);
    if (source === undefined) return fail("label.missing", { orderId });
    return composeLabel(source, { orderId: order.orderId, language: request.language });
  };
}

type LabelRow = { readonly orderBody: string; readonly shipmentBody: string; readonly partsHash: string };

function prepareReadRow(
  db: Sqlite,
  onDamage: (reason: string) => void,
): (orderId: string) => LabelRow | undefined {
  const sql = `SELECT o.body AS orderBody, l.body AS shipmentBody, o.parts_hash AS partsHash
    FROM orders o JOIN labels l USING (order_id) WHERE o.order_id = ?`;
  let statement: ReturnType<Sqlite["prepare"]> | undefined;
  return (orderId) => {
    try {
      statement ??= db.prepare(sql);
      const row = statement.get(orderId) as LabelRow | undefined;
      if (row === undefined || hash("sha256", releaseText(row.orderBody, row.shipmentBody)) === row.partsHash)
        return row;
      onDamage("an order is not what the cloud released");
    } catch (error) {
      if (!isDamage(error)) throw error;
      onDamage(describeCause(error));
    }
    return undefined;
  };
}

function chooseSource(
  order: Order,
  label: Shipment["label"],
  { weightGrams, chute }: LabelRequest,
): LabelSource | undefined {
  switch (label.kind) {
    case "zpl":
    case "png":
      return { kind: label.kind, bytes: Buffer.from(label.base64, "base64") };
    case "house":
      return {
        kind: "house",
        fields: {
          consignee: order.consignee,
          channel: order.channelCode,
          trackingNumber: order.trackingNumber ?? order.waybill,
          waybill: order.waybill,
          weightGrams: weightGrams ?? order.declaredWeightGrams,
          ...(chute === null ? {} : { sortHint: String(chute) }),
        },
      };
    case "missing":
      return undefined;
  }
}
