import type { LabelLanguage } from "@waystation/drivers/printers/language";
import { fail, type Result } from "@waystation/shared/failures/result";
import type { LabelSource } from "@waystation/shared/label/house-label";
import { type Order, orderSchema, type Shipment, shipmentSchema } from "@waystation/shared/model/order";
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

/** From the order's rows to the bytes for the printer: a carrier's own are passed through, ours are composed. */
export function prepareReadLabel(db: Sqlite): (request: LabelRequest) => Promise<Result<ComposedLabel>> {
  const statement = db.prepare(
    "SELECT o.body AS orderBody, l.body AS shipmentBody FROM orders o JOIN labels l USING (order_id) WHERE o.order_id = ?",
  );
  return async (request) => {
    const row = statement.get(request.orderId) as { orderBody: string; shipmentBody: string } | undefined;
    if (row === undefined) return fail("label.missing", { orderId: request.orderId });
    const order = orderSchema.parse(JSON.parse(row.orderBody));
    const source = chooseSource(order, shipmentSchema.parse(JSON.parse(row.shipmentBody)).label, request);
    if (source === undefined) return fail("label.missing", { orderId: request.orderId });
    return composeLabel(source, { orderId: order.orderId, language: request.language });
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
