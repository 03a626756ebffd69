import type { FailureCode } from "@waystation/shared/failures/catalog";
import type { Permission } from "@waystation/shared/model/access";
import type { z } from "zod";

/** Whose door it is. A permission: people with a role that has it, customers' keys where a scope does, the admin token. */
export type ApiCaller = "anyone" | "inside" | "station" | "person" | "root" | Permission;

type ApiBody = {
  readonly description?: string;
  /** JSON by this schema, or another type of content without one. */
  readonly schema?: z.ZodType;
  readonly contentType?: string;
  readonly example?: unknown;
};

/** One route for the document; `modules/<name>/api.ts` lists those of a module. */
export type ApiRoute = {
  readonly method: "get" | "post" | "put";
  /** As the app has it: `/v1/orders/:orderId/cancel`. */
  readonly path: string;
  readonly summary: string;
  readonly caller: ApiCaller;
  readonly query?: Readonly<
    Record<string, { readonly says: string; readonly required?: boolean; readonly example?: string }>
  >;
  readonly bodies?: readonly ApiBody[];
  readonly reply: ApiBody & { readonly status?: 200 | 201 };
  /** Beside those that every route of this caller may answer. */
  readonly failures?: readonly FailureCode[];
};
