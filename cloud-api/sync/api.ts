import { stationShapes } from "@waystation/shared/wire/cloud-http";
import type { ApiRoute } from "../http/api-route.ts";

export const syncApi: readonly ApiRoute[] = [
  {
    method: "get",
    path: "/v1/shape",
    summary:
      "What a station keeps in step, by the Electric shape protocol: snapshot, log, long poll; 409 asks for a refetch.",
    caller: "station",
    query: {
      table: { says: stationShapes.join(", "), required: true, example: "orders" },
      offset: { says: "-1 to begin, then what `electric-offset` said", required: true, example: "-1" },
      handle: { says: "what `electric-handle` said" },
      live: { says: "true: the answer waits for a change" },
      cursor: { says: "what `electric-cursor` said" },
    },
    reply: { contentType: "application/json", example: [{ headers: { control: "up-to-date" } }] },
    failures: ["shape.unsupported", "cloud.busy"],
  },
];
