import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { shapeColumns, type StationShape } from "@waystation/shared/wire/cloud-http";
import { isStationShape } from "./shape-definitions.ts";
import { readShapeParams, type ShapeParams } from "./shape-params.ts";

export type StationRequest = { readonly shape: StationShape; readonly params: ShapeParams };

/** What a client may not choose here; it is the cloud that knows which rows a station gets. */
const ownWords = /^(where|params(\[.*\])?)$/s;

/** Reads the query of a station's GET /v1/shape. Fails with shape.unsupported or request.invalid. */
export function readStationRequest(query: URLSearchParams): Result<StationRequest> {
  const chosen = [...query.keys()].find((name) => ownWords.test(name));
  if (chosen !== undefined) return fail("shape.unsupported", { feature: chosen.slice(0, 60) });
  const params = readShapeParams(query);
  if (!params.ok) {
    const { feature, parameter, message } = params.error;
    return feature === null
      ? fail("request.invalid", { reason: `${parameter} ${message}` })
      : fail("shape.unsupported", { feature });
  }
  const table = query.get("table") ?? "";
  if (!isStationShape(table)) return fail("shape.unsupported", { feature: `table ${table.slice(0, 60)}` });
  if (!namesAllColumns(query.get("columns"), table))
    return fail("shape.unsupported", { feature: "a choice of columns" });
  return succeed({ shape: table, params: params.value });
}

/** A client may name exactly these, quoted or not. */
function namesAllColumns(text: string | null, shape: StationShape): boolean {
  if (text === null) return true;
  const named = text.split(",").map((column) => column.trim().replace(/^"(.*)"$/, "$1"));
  return named.toSorted().join() === shapeColumns[shape].toSorted().join();
}
