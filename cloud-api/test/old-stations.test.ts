import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { supportedWireVersions } from "@waystation/shared/wire/cloud-http";
import { beforeAll, describe, expect, test } from "vitest";
import { z } from "zod";
import { describeOnEachDatabase, type TestCloud } from "../test-support/test-cloud.ts";

/** What stations of each wire version sent, byte for byte, recorded when that version was the newest. */
const fixture = (path: string) => readFileSync(new URL(`../../fixtures/wire/${path}`, import.meta.url));
const recordedSchema = z.object({
  path: z.string(),
  headers: z.record(z.string(), z.string()),
  stationId: z.string(),
  logId: z.string(),
  factNames: z.array(z.string()),
  requests: z.array(z.object({ body: z.string(), lastSequence: z.int() })),
});
const versions = supportedWireVersions.map((version) => ({
  version,
  recorded: recordedSchema.parse(JSON.parse(fixture(`v${version}/requests.json`).toString("utf8"))),
}));
const parcels: unknown = JSON.parse(fixture("parcels.json").toString("utf8"));

describe.each(versions)("a station of wire version $version", ({ version, recorded }) => {
  describeOnEachDatabase("its recorded batches", (cloud) => {
    const replies: [number, unknown][] = [];
    beforeAll(async () => {
      const { headers } = await cloud().register(recorded.stationId);
      for (const request of [...recorded.requests, ...recorded.requests])
        replies.push(await send(cloud(), version, recorded, request.body, headers));
    });

    test("are taken, and taken again without a change", () => {
      const received = recorded.requests.map(({ lastSequence }) => lastSequence);
      const last = received.at(-1);
      expect(
        replies.map(([status, body]) => [status, (body as { receivedThrough: number }).receivedThrough]),
      ).toEqual([...received, ...received.map(() => last)].map((through) => [200, through]));
    });

    test("are kept to the letter", async () => {
      const { kysely } = cloud().database;
      const rows = await kysely
        .selectFrom("facts")
        .select(["text", "hash", "type", "version"])
        .orderBy("sequence")
        .execute();
      const sent = recorded.requests
        .map(({ body }) => gunzipSync(fixture(`v${version}/${body}`)).toString("utf8"))
        .join("\n");
      for (const { text, hash } of rows) {
        expect(createHash("sha256").update(text).digest("hex")).toBe(hash);
        expect(sent).toContain(version === 1 ? JSON.stringify(text) : `${hash} ${text}`);
      }
      const names = rows.map((row) => `${row.type}.v${row.version}`);
      expect([...new Set(names)].sort()).toEqual(recorded.factNames);
    });

    test("give the parcels they gave then", async () => {
      expect(await readParcels(cloud())).toEqual(parcels);
    });
  });
});

async function send(
  { app }: TestCloud,
  version: number,
  { path, headers }: (typeof versions)[number]["recorded"],
  file: string,
  authorization: { readonly authorization: string },
): Promise<[number, unknown]> {
  const body = new Uint8Array(fixture(`v${version}/${file}`));
  const response = await app.request(path, {
    method: "POST",
    headers: { ...headers, ...authorization },
    body,
  });
  return [response.status, await response.json()];
}

const readParcels = ({ database }: TestCloud) =>
  database.kysely
    .selectFrom("parcels")
    .select([
      "parcel_id",
      "lane",
      "barcode",
      "weight_grams",
      "length_millimetres",
      "order_id",
      "channel_code",
    ])
    .select([
      "verdict",
      "outcome",
      "reasons",
      "chute",
      "label_state",
      "divert_state",
      "fact_count",
      "last_fact",
    ])
    .orderBy("parcel_id")
    .execute();
