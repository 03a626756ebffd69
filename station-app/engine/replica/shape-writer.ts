import type { Sqlite } from "../core/open-database.ts";
import {
  cutChanges,
  readKey,
  type ReplicatedShape,
  replicatedShapes,
  type RowListener,
  type SettingShape,
  type ShapeChange,
  type ShapePosition,
} from "./shape-row.ts";
import { prepareShapeStatements } from "./shape-statements.ts";
import { createOrderWriter } from "./write-orders.ts";
import { createSettingWriter } from "./write-settings.ts";

export type ShapeWriter = ReturnType<typeof createShapeWriter>;

const pieceLimits = { rows: 250, characters: 1_000_000 };

/** Writes changes and the offset behind them in one transaction into one file. */
export function createShapeWriter(db: Sqlite, onRow: RowListener = () => undefined) {
  const statements = prepareShapeStatements(db);
  const orders = createOrderWriter(statements, onRow);
  const settings = createSettingWriter(statements, onRow);

  function applyPiece(shape: ReplicatedShape, changes: readonly ShapeChange[]): void {
    for (const { operation, row } of changes) {
      const key = readKey(row, keyColumn[shape]);
      if (key === undefined) onRow(shape, "", false);
      else if (operation === "delete") drop(shape, key);
      else if (isSetting(shape)) settings.take(shape, key, row);
      else orders.take(shape, key, row);
    }
  }

  function drop(shape: ReplicatedShape, key: string): void {
    onRow(shape, key, true);
    if (isSetting(shape)) settings.drop(shape, key);
    else orders.drop(shape, key);
  }

  function savePosition(shape: ReplicatedShape, { handle, offset }: ShapePosition, upToDate: boolean): void {
    statements.savePosition.run(shape, handle, offset, upToDate ? 1 : 0);
  }

  /** One piece of emptying a shape that starts over; false when nothing of it is left. */
  function clearPiece(shape: ReplicatedShape): boolean {
    if (!isSetting(shape)) return orders.clearPiece(shape);
    settings.clear(shape);
    return false;
  }

  return {
    /** All in one go: for small batches, and for whoever has the thread to himself. */
    apply: (
      shape: ReplicatedShape,
      changes: readonly ShapeChange[],
      position: ShapePosition,
      upToDate: boolean,
    ): void =>
      db.transaction(() => {
        applyPiece(shape, changes);
        savePosition(shape, position, upToDate);
      })(),
    /** One transaction that lets the thread go between its pieces; nobody else may write meanwhile. */
    applyInPieces: (
      shape: ReplicatedShape,
      changes: readonly ShapeChange[],
      position: ShapePosition,
      upToDate: boolean,
      pause: () => Promise<void>,
    ): Promise<void> =>
      inTransaction(db, async () => {
        for (const piece of cutChanges(changes, pieceLimits)) {
          applyPiece(shape, piece);
          await pause();
        }
        savePosition(shape, position, upToDate);
      }),
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

async function inTransaction(db: Sqlite, work: () => Promise<void>): Promise<void> {
  db.exec("BEGIN IMMEDIATE");
  try {
    await work();
    db.exec("COMMIT");
  } catch (error) {
    if (db.open && db.inTransaction) db.exec("ROLLBACK");
    throw error;
  }
}

const keyColumn = {
  orders: "order_id",
  shipments: "order_id",
  releases: "order_id",
  channels: "code",
  sort_plans: "plan_id",
} as const;

const isSetting = (shape: ReplicatedShape): shape is SettingShape =>
  shape === "channels" || shape === "sort_plans";
