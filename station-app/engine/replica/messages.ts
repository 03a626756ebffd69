import type { LabelLanguage } from "@waystation/drivers/printers/language";
import type { Failure, Result } from "@waystation/shared/failures/result";
import type { ComposedLabel } from "../label/composed-label.ts";
import type { Acknowledgement } from "./acknowledgement-rows.ts";
import type { PackedFacts, PackRequest } from "./pack-facts.ts";

/** What the edge asks of the replica thread: everything that reads a disk or draws a label away from the hot path. */
export type ReplicaInput =
  | {
      readonly kind: "compose-label";
      readonly requestId: number;
      readonly orderId: string;
      readonly weightGrams: number | null;
      readonly chute: number | null;
      readonly language: LabelLanguage;
    }
  /** Facts of the log in use, or of one that was saved from a damaged file, for the uplink. */
  | { readonly kind: "pack-facts"; readonly requestId: number; readonly request: PackRequest }
  /** What the cloud knows this station by now. */
  | { readonly kind: "token"; readonly token: string }
  /** The core reads this file of orders and no other. */
  | { readonly kind: "orders-file-open"; readonly path: string }
  /** The core met damage in this file of orders. */
  | { readonly kind: "orders-damaged"; readonly path: string; readonly reason: string }
  | { readonly kind: "stop" };

export type ReplicaOutput =
  | {
      readonly kind: "ready";
      readonly ordersVisible: number;
      /** The file of orders in use, for the core to open. */
      readonly ordersPath: string;
      readonly trouble: Failure | null;
    }
  | { readonly kind: "label"; readonly requestId: number; readonly label: Result<ComposedLabel> }
  | { readonly kind: "facts"; readonly requestId: number; readonly facts: PackedFacts | null }
  | { readonly kind: "acknowledged"; readonly acknowledgement: Acknowledgement }
  /** All acknowledgements there are, fetched anew: the cloud may be an older copy and have less than it said. */
  | { readonly kind: "acknowledgements"; readonly rows: readonly Acknowledgement[] }
  | { readonly kind: "settings" }
  /** Another file of orders took over; the former stays until the core has left it. */
  | { readonly kind: "orders-file"; readonly path: string }
  /** What an operator should know of the orders; null: nothing any more. */
  | { readonly kind: "orders-trouble"; readonly failure: Failure | null }
  /** The cloud answered 401: nothing more is asked until another token comes. */
  | { readonly kind: "token-refused" }
  | { readonly kind: "orders"; readonly ordersVisible: number }
  | { readonly kind: "link"; readonly failure: Failure | null };
