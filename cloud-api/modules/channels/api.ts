import { z } from "zod";
import type { ApiRoute } from "../../http/api-route.ts";
import { importChannelsSchema } from "./import-channels.ts";

export const channelsApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/channels/import",
    summary:
      "Channels and sort plans, all or nothing. One version has one content; new content needs a higher version.",
    caller: "channels.write",
    query: { hub: { says: "whose sort plans these are, where whoever asks has several", example: "main" } },
    bodies: [{ schema: importChannelsSchema }],
    reply: {
      schema: z.object({ changed: z.int(), unchanged: z.int() }),
      example: { changed: 4, unchanged: 0 },
    },
    failures: ["request.invalid", "request.too-large"],
  },
];
