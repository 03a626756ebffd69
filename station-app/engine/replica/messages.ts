import type { LabelLanguage } from "@waystation/drivers/printers/language";
import type { StoredFact } from "@waystation/shared/facts/envelope";
import type { Failure, Result } from "@waystation/shared/failures/result";
import type { ComposedLabel } from "../label/composed-label.ts";
import type { Acknowledgement } from "./follow-shapes.ts";

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
  | {
      readonly kind: "read-facts";
      readonly requestId: number;
      readonly above: number;
      readonly limit: number;
    }
  | { readonly kind: "stop" };

export type ReplicaOutput =
  | { readonly kind: "ready"; readonly ordersVisible: number }
  | { readonly kind: "label"; readonly requestId: number; readonly label: Result<ComposedLabel> }
  | { readonly kind: "facts"; readonly requestId: number; readonly facts: readonly StoredFact[] }
  | { readonly kind: "acknowledged"; readonly acknowledgement: Acknowledgement }
  | { readonly kind: "settings" }
  | { readonly kind: "orders"; readonly ordersVisible: number }
  | { readonly kind: "link"; readonly failure: Failure | null };
