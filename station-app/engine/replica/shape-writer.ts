import { hash } from "node:crypto";
import { identifiersFor } from "@waystation/shared/model/barcode/identifiers";
import { channelSchema } from "@waystation/shared/model/channel";
import { orderSchema, shipmentSchema } from "@waystation/shared/model/order";
import { releaseText } from "@waystation/shared/model/release";
import { sortPlanSchema } from "@waystation/shared/model/sort-plan";
import type { Sqlite } from "../core/open-database.ts";
import {
  completeRow,
  cutChanges,
  type OrderPart,
  readKey,
  type ReplicatedShape,
  replicatedShapes,
  type SettingShape,
  type ShapeChange,
  type ShapePosition,
  type ShapeRow,
} from "./shape-row.ts";
import { prepareShapeStatements } from "./shape-statements.ts";

export type ShapeWriter = ReturnType<typeof createShapeWriter>;

/** Hears of every row that could not be taken over, and of every one that could after all. */
export type RowListener = (shape: ReplicatedShape, key: string, valid: boolean) => void;

const pieceLimits = { rows: 250, characters: 1_000_000 };
const clearedPerPiece = 500;

/** Writes changes and the offset behind them in one transaction into one file. */
export function createShapeWriter(db: Sqlite, onRow: RowListener = () => undefined) {
  const statements = prepareShapeStatements(db);
  const { orders: onOrders, settings } = statements;

  /** All in one go: for small batches, and for whoever has the thread to himself. */
  function apply(
    shape: ReplicatedShape,
    changes: readonly ShapeChange[],
    position: ShapePosition,
    upToDate: boolean,
  ): void {
    db.transaction(() => {
      applyPiece(shape, changes);
      savePosition(shape, position, upToDate);
    })();
  }

  /** One transaction that lets the thread go between its pieces; nobody else may write meanwhile. */
  async function applyInPieces(
    shape: ReplicatedShape,
    changes: readonly ShapeChange[],
    position: ShapePosition,
    upToDate: boolean,
    pause: () => Promise<void>,
  ): Promise<void> {
    db.exec("BEGIN IMMEDIATE");
    try {
      for (const piece of cutChanges(changes, pieceLimits)) {
        applyPiece(shape, piece);
        await pause();
      }
      savePosition(shape, position, upToDate);
      db.exec("COMMIT");
    } catch (error) {
      if (db.open && db.inTransaction) db.exec("ROLLBACK");
      throw error;
    }
  }

  function savePosition(shape: ReplicatedShape, { handle, offset }: ShapePosition, upToDate: boolean): void {
    statements.savePosition.run(shape, handle, offset, upToDate ? 1 : 0);
  }

  function applyPiece(shape: ReplicatedShape, changes: readonly ShapeChange[]): void {
    const touched = new Set<string>();
    for (const { operation, row } of changes) {
      const key = readKey(row, keyColumn[shape]);
      if (key === undefined) onRow(shape, "", false);
      else if (operation === "delete") dropRow(shape, key);
      else if (stageRow(shape, key, row)) touched.add(key);
    }
    if (!isSetting(shape)) for (const orderId of touched) releaseOrder(orderId);
  }

  function stageRow(shape: ReplicatedShape, key: string, row: ShapeRow): boolean {
    const staged =
      shape === "releases"
        ? stageRelease(key, row)
        : isSetting(shape)
          ? stageSetting(shape, key, row)
          : stagePart(shape, key, row);
    if (!staged || shape === "releases" || isSetting(shape)) onRow(shape, key, staged);
    return staged;
  }

  function stagePart(shape: OrderPart, orderId: string, row: ShapeRow): boolean {
    const part = completeRow(row, { number: "revision", text: "body" }, () => {
      const stored = onOrders.readPart[shape].get({ id: orderId }) as
        | { revision: number; body: string }
        | undefined;
      return stored && { number: stored.revision, text: stored.body };
    });
    if (part === undefined) return false;
    onOrders.stage[shape].run(orderId, part.number, part.text);
    return true;
  }

  function stageRelease(orderId: string, row: ShapeRow): boolean {
    const release = completeRow(row, { number: "revision", text: "parts_hash" }, () => {
      const stored = onOrders.readRelease.get(orderId) as
        | { revision: number; parts_hash: string }
        | undefined;
      return stored && { number: stored.revision, text: stored.parts_hash };
    });
    if (release === undefined) return false;
    onOrders.stageRelease.run(orderId, release.number, release.text);
    return true;
  }

  /** What the lanes decide by is checked here, once; a body that is not valid leaves the former version in force. */
  function stageSetting(shape: SettingShape, key: string, row: ShapeRow): boolean {
    const setting = completeRow(row, { number: "version", text: "body" }, () => {
      const stored = settings[shape].read.get(key) as { version: number; body: string } | undefined;
      return stored && { number: stored.version, text: stored.body };
    });
    const valid = setting !== undefined && isValidSetting(shape, key, setting.text);
    if (valid) settings[shape].stage.run(key, setting.number, setting.text);
    settings[shape][valid ? "accept" : "refuse"].run(key);
    return valid;
  }

  /** Visible only when the parts at hand are exactly those the cloud released; until then the former version stays. */
  function releaseOrder(orderId: string): void {
    const parts = onOrders.readParts.get({ orderId }) as PartsRow | undefined;
    if (parts === undefined || parts.waiting === 0) return;
    const { orderBody, shipmentBody, partsHash, shownHash } = parts;
    if (orderBody === null || shipmentBody === null) return;
    if (hash("sha256", releaseText(orderBody, shipmentBody)) !== partsHash) return;
    if (shownHash === partsHash) acceptParts(orderId, true, true);
    else if (!showOrder(orderId, parts, orderBody, shipmentBody)) return;
    onOrders.dropPending.orders.run(orderId);
    onOrders.dropPending.shipments.run(orderId);
  }

  function showOrder(orderId: string, parts: PartsRow, orderBody: string, shipmentBody: string): boolean {
    const order = orderSchema.safeParse(parseJson(orderBody)).data;
    const shipment = shipmentSchema.safeParse(parseJson(shipmentBody)).data;
    acceptParts(orderId, order?.orderId === orderId, shipment !== undefined);
    if (order?.orderId !== orderId || shipment === undefined) return false;
    onOrders.showOrder.run(orderId, parts.revision, parts.partsHash, shipment.label.kind, orderBody);
    onOrders.showLabel.run(orderId, shipmentBody);
    if (parts.shownHash !== null) onOrders.dropIdentifiers.run(orderId);
    for (const value of listIdentifiers(order)) onOrders.addIdentifier.run(value, orderId);
    return true;
  }

  function acceptParts(orderId: string, orderIsValid: boolean, shipmentIsValid: boolean): void {
    onRow("orders", orderId, orderIsValid);
    onRow("shipments", orderId, shipmentIsValid);
  }

  function dropRow(shape: ReplicatedShape, key: string): void {
    onRow(shape, key, true);
    if (!isSetting(shape)) return dropPart(shape, key);
    settings[shape].drop.run(key);
    settings[shape].accept.run(key);
  }

  /** Without one of its three rows an order is not shown; the other two wait in case it comes again. */
  function dropPart(shape: OrderPart | "releases", orderId: string): void {
    if (shape !== "orders") onOrders.keepOrder.run(orderId);
    if (shape !== "shipments") onOrders.keepShipment.run(orderId);
    for (const statement of onOrders.dropVisible) statement.run(orderId);
    if (shape === "releases") onOrders.dropRelease.run(orderId);
    else onOrders.dropPending[shape].run(orderId);
  }

  /** One piece of emptying a shape that starts over; false when nothing of it is left. */
  function clearPiece(shape: ReplicatedShape): boolean {
    if (isSetting(shape)) {
      settings[shape].clear.run();
      settings[shape].acceptAll.run();
      return false;
    }
    const found = statements.clearing[shape].map((ids) => ids.all(clearedPerPiece) as string[]);
    for (const orderId of found.flat()) dropPart(shape, orderId);
    return found.some((ids) => ids.length > 0);
  }

  return {
    apply,
    applyInPieces,
    /** The shape is to be fetched from its beginning: its position is gone at once, its rows go with `clear`. */
    startOver: (shape: ReplicatedShape) => void statements.startOver.run(shape),
    /** Empties every shape that starts over, in pieces; after a crash it goes on where it was. */
    async clear(pause: () => Promise<void>): Promise<void> {
      for (const shape of statements.readClearing.all() as ReplicatedShape[]) {
        while (db.transaction(() => clearPiece(shape))()) await pause();
        statements.cleared.run(shape);
      }
    },
    position: (shape: ReplicatedShape): ShapePosition | undefined =>
      statements.readPosition.get(shape) as ShapePosition | undefined,
    isUpToDate: (shape: ReplicatedShape): boolean => statements.readComplete.get(shape) === 1,
    /** Every shape was up to date at least once since it began. */
    isComplete: (): boolean => Number(statements.countComplete.get()) === replicatedShapes.length,
  };
}

type PartsRow = {
  revision: number;
  partsHash: string;
  orderBody: string | null;
  shipmentBody: string | null;
  /** Of the version shown now. */
  shownHash: string | null;
  /** A part came since. */
  waiting: 0 | 1;
};

const keyColumn = {
  orders: "order_id",
  shipments: "order_id",
  releases: "order_id",
  channels: "code",
  sort_plans: "plan_id",
} as const;

const isSetting = (shape: ReplicatedShape): shape is SettingShape =>
  shape === "channels" || shape === "sort_plans";

function isValidSetting(shape: SettingShape, key: string, body: string): boolean {
  if (shape === "channels") return channelSchema.safeParse(parseJson(body)).data?.code === key;
  return sortPlanSchema.safeParse(parseJson(body)).data?.planId === key;
}

/** As they are written, and in every form a scanner may read them. */
function listIdentifiers(order: {
  readonly waybill: string;
  readonly trackingNumber?: string | undefined;
  readonly reference?: string | undefined;
}): Set<string> {
  const texts = [order.waybill, order.trackingNumber, order.reference].filter((text) => text !== undefined);
  return new Set(texts.flatMap((text) => [text, ...identifiersFor(text)]));
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
