/**
 * An order becomes visible at a station only when every part named by its release row is there: shapes are
 * independent streams, so an order row may arrive long before or after its shipment.
 * The hash covers the exact stored texts of the parts, in this order.
 */
export const releaseText = (orderBody: string, shipmentBody: string): string =>
  `${orderBody}\n${shipmentBody}`;
