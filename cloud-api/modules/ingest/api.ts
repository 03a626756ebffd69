import { uploadFactsReplySchema, uploadFactsRequestSchema } from "@waystation/shared/wire/cloud-http";
import { factBatchContentType } from "@waystation/shared/wire/fact-batch";
import type { ApiRoute } from "../../http/api-route.ts";

const batchExample = `{"wireVersion":2,"stationId":"belt-1","logId":"log-1","firstSequence":1}\n<64 hex digits> {"stationId":"belt-1",...}`;

export const ingestApi: readonly ApiRoute[] = [
  {
    method: "post",
    path: "/v1/stations/:stationId/facts",
    summary: "A batch of facts, taken exactly once; plain or gzip, at most 4 MB packed and 16 MB unpacked.",
    caller: "station",
    bodies: [
      {
        description:
          "wire version 2: a line of JSON, then one line per fact: its hash, a blank, its exact text",
        contentType: factBatchContentType,
        example: batchExample,
      },
      { description: "wire version 1", schema: uploadFactsRequestSchema },
    ],
    reply: { schema: uploadFactsReplySchema, example: { receivedThrough: 1000, durableThrough: 800 } },
    failures: [
      "facts.gap",
      "facts.forked",
      "facts.corrupt",
      "request.invalid",
      "request.too-large",
      "request.wire-version",
      "cloud.busy",
    ],
  },
];
