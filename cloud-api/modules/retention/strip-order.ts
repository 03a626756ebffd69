import { createHash } from "node:crypto";
import type { Order, Shipment } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";

/** Stands where a name was: the model asks for some text, and a screen shows what happened. */
export const erasedText = "erased";

export type StrippedOrder = {
  readonly body: string;
  readonly shipmentBody: string;
  readonly partsHash: string;
};

/**
 * What may be kept of an order: ids, weights, sizes, country, and of the goods what customs ask for (code, origin,
 * number, value). Who got it, where, and every free text are gone; so is the label, which shows them again.
 */
export function stripOrder(order: Order): StrippedOrder {
  const { country } = order.consignee;
  const stripped: Order = {
    ...order,
    consignee: { name: erasedText, street1: erasedText, city: erasedText, postcode: "", country },
    items: order.items.map((item) => ({ ...item, description: erasedText })),
  };
  const shipment: Shipment = { orderId: order.orderId, label: { kind: "missing" } };
  const body = JSON.stringify(stripped);
  const shipmentBody = JSON.stringify(shipment);
  const partsHash = createHash("sha256").update(releaseText(body, shipmentBody), "utf8").digest("hex");
  return { body, shipmentBody, partsHash };
}
