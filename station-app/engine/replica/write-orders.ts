import { hash } from "node:crypto";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { type Order, orderSchema, type Shipment, shipmentSchema } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import { parseJson } from "./parse-json.ts";
import { completeRow, type OrderPart, type RowListener, type ShapeRow } from "./shape-row.ts";
import type { ShapeStatements } from "./shape-statements.ts";

export type OrderShape = OrderPart | "releases";
export type OrderWriter = ReturnType<typeof createOrderWriter>;

const clearedPerPiece = 500;

/** The parts of orders: an order shows only when those at hand are exactly what its release row names. */
export function createOrderWriter({ orders: statements, clearing }: ShapeStatements, onRow: RowListener) {
  const release = prepareRelease(statements, onRow);

  /** What completes its order is shown as it comes, anything else waits. */
  function takePart(shape: OrderPart, orderId: string, row: ShapeRow): void {
    const part = completeRow(row, { number: "revision", text: "body" }, () => {
      const stored = statements.readPart[shape].get({ id: orderId }) as StoredPart | undefined;
      return stored && { number: stored.revision, text: stored.body };
    });
    if (part === undefined) return onRow(shape, orderId, false);
    const parts = readParts(orderId);
    if (parts !== undefined && release(orderId, withPart(parts, shape, part.text))) return;
    statements.stage[shape].run(orderId, part.number, part.text);
  }

  function takeRelease(orderId: string, row: ShapeRow): void {
    const named = completeRow(row, { number: "revision", text: "parts_hash" }, () => {
      const stored = statements.readRelease.get(orderId) as StoredRelease | undefined;
      return stored && { number: stored.revision, text: stored.parts_hash };
    });
    onRow("releases", orderId, named !== undefined);
    if (named === undefined) return;
    statements.stageRelease.run(orderId, named.number, named.text);
    const parts = readParts(orderId);
    if (parts !== undefined && (parts.orderWaits === 1 || parts.shipmentWaits === 1)) release(orderId, parts);
  }

  const readParts = (orderId: string): PartsRow | undefined =>
    statements.readParts.get({ orderId }) as PartsRow | undefined;

  /** Without one of its three rows an order is not shown; the other two wait in case it comes again. */
  function drop(shape: OrderShape, orderId: string): void {
    if (statements.isVisible.get(orderId) !== undefined) {
      if (shape !== "orders") statements.keepOrder.run(orderId);
      if (shape !== "shipments") statements.keepShipment.run(orderId);
      for (const statement of statements.dropVisible) statement.run(orderId);
    }
    if (shape === "releases") statements.dropRelease.run(orderId);
    else statements.dropPending[shape].run(orderId);
  }

  return {
    take: (shape: OrderShape, orderId: string, row: ShapeRow): void =>
      shape === "releases" ? takeRelease(orderId, row) : takePart(shape, orderId, row),
    drop,
    /** One piece of emptying a shape that starts over; false when nothing of it is left. */
    clearPiece(shape: OrderShape): boolean {
      const found = clearing[shape].map((ids) => ids.all(clearedPerPiece) as string[]);
      for (const orderId of found.flat()) drop(shape, orderId);
      return found.some((ids) => ids.length > 0);
    },
  };
}

/** Shows an order with these parts; false when they are not those the cloud released, or not valid. */
function prepareRelease(statements: ShapeStatements["orders"], onRow: RowListener) {
  function release(orderId: string, parts: PartsRow): boolean {
    const { orderBody, shipmentBody, partsHash, shownHash } = parts;
    if (orderBody === null || shipmentBody === null) return false;
    if (hash("sha256", releaseText(orderBody, shipmentBody)) !== partsHash) return false;
    if (shownHash !== partsHash && !show(orderId, parts, orderBody, shipmentBody)) return false;
    acceptParts(orderId, true, true);
    if (parts.orderWaits === 1) statements.dropPending.orders.run(orderId);
    if (parts.shipmentWaits === 1) statements.dropPending.shipments.run(orderId);
    return true;
  }

  function show(orderId: string, parts: PartsRow, orderBody: string, shipmentBody: string): boolean {
    const { order, shipment } = parseParts(orderId, orderBody, shipmentBody);
    if (order === undefined || shipment === undefined) {
      acceptParts(orderId, order !== undefined, shipment !== undefined);
      return false;
    }
    statements.showOrder.run(orderId, parts.revision, parts.partsHash, shipment.label.kind, orderBody);
    statements.showLabel.run(orderId, shipmentBody);
    if (parts.shownHash !== null) statements.dropIdentifiers.run(orderId);
    for (const value of listIdentifiers(order)) statements.addIdentifier.run(value, orderId);
    return true;
  }

  function acceptParts(orderId: string, orderIsValid: boolean, shipmentIsValid: boolean): void {
    onRow("orders", orderId, orderIsValid);
    onRow("shipments", orderId, shipmentIsValid);
  }

  return release;
}

type StoredPart = { readonly revision: number; readonly body: string };
type StoredRelease = { readonly revision: number; readonly parts_hash: string };

/** An order's release with its newest parts, waiting or shown. */
type PartsRow = {
  readonly revision: number;
  readonly partsHash: string;
  readonly orderBody: string | null;
  readonly shipmentBody: string | null;
  /** Of the version shown now. */
  readonly shownHash: string | null;
  readonly orderWaits: 0 | 1;
  readonly shipmentWaits: 0 | 1;
};

const withPart = (parts: PartsRow, shape: OrderPart, text: string): PartsRow =>
  shape === "orders" ? { ...parts, orderBody: text } : { ...parts, shipmentBody: text };

/** A part that is not valid, or another order's, is undefined. */
function parseParts(
  orderId: string,
  orderBody: string,
  shipmentBody: string,
): { readonly order: Order | undefined; readonly shipment: Shipment | undefined } {
  const order = orderSchema.safeParse(parseJson(orderBody)).data;
  return {
    order: order?.orderId === orderId ? order : undefined,
    shipment: shipmentSchema.safeParse(parseJson(shipmentBody)).data,
  };
}

/** As they are written, and in every form a scanner may read them. */
function listIdentifiers(order: Order): Set<string> {
  const texts = [order.waybill, order.trackingNumber, order.reference].filter((text) => text !== undefined);
  return new Set(texts.flatMap((text) => [text, ...identifiersFor(text)]));
}
