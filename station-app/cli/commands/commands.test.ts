import { spawnSync } from "node:child_process";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, beforeAll, expect, test } from "vitest";
import { waystation } from "../../test/support/run-waystation.ts";
import { openStationBench, testChannel, testOrder, testSortPlan } from "../../test/support/station-bench.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "commands-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

test("every command has help with examples, and help is no error", async () => {
  const commands = [
    ["start"],
    ["status"],
    ["barcode", "identify"],
    ["decide"],
    ["facts", "verify"],
    ["build"],
  ];
  for (const command of commands) {
    const { code, out } = await waystation(...command, "--help");
    expect({ command, code }).toEqual({ command, code: 0 });
    expect(out).toContain("--json");
    expect(out).toContain("Examples:");
  }
  expect((await waystation("--help")).out).toContain("Exit codes:");
});

test("wrong arguments end with 2 and a sentence", async () => {
  for (const wrong of [
    [],
    ["nonsense"],
    ["barcode", "identify"],
    ["decide"],
    ["start", "--port", "abc"],
    ["start", "--rate", "0"],
  ]) {
    const { code, out, err } = await waystation(...wrong);
    expect({ wrong, code, out }).toEqual({ wrong, code: 2, out: "" });
    expect(err).not.toMatch(/\n\s+at /);
    expect(err.length).toBeGreaterThan(10);
  }
});

test("barcode identify", async () => {
  const json = await waystation("barcode", "identify", "RB 123 456 785 GB", "--json");
  expect(JSON.parse(json.out)).toEqual({
    data: "RB123456785GB",
    matches: [{ carrier: "s10", trackingNumber: "RB123456785GB", checkDigitValid: true }],
  });
  expect((await waystation("barcode", "identify", "1Z999AA10123456784")).out).toBe(
    "ups  1Z999AA10123456784  check digit right  UPS\n",
  );
  expect(await waystation("barcode", "identify", "hello", "--json")).toMatchObject({
    code: 0,
    out: '{"data":"HELLO","matches":[]}\n',
  });
});

const measured = { lengthMillimetres: 200, widthMillimetres: 150, heightMillimetres: 50 };

test("decide judges as a station does", async () => {
  const order = file("order.json", testOrder(1));
  const config = file("config.json", { channel: testChannel, sortPlan: testSortPlan, needsSize: true });
  const decide = async (reading: object, ...more: string[]) => {
    const { code, out } = await waystation(
      "decide",
      "--order",
      order,
      "--reading",
      file("reading.json", reading),
      "--json",
      ...more,
    );
    expect(code).toBe(0);
    return JSON.parse(out);
  };
  const { waybill } = testOrder(1);
  expect(await decide({ barcode: waybill, weightGrams: 210, ...measured }, "--config", config)).toEqual({
    verdict: "accepted",
    reasons: [],
    chute: 3,
  });
  expect(await decide({ barcode: waybill, weightGrams: 300, ...measured }, "--config", config)).toMatchObject(
    {
      verdict: "intercepted",
      reasons: [
        {
          code: "weight.deviation",
          details: { declaredGrams: 200, weighedGrams: 300, deviationGrams: 100, allowedGrams: 50 },
        },
      ],
      chute: 98,
    },
  );
  expect(await decide({ weightGrams: 210 })).toEqual({
    verdict: "no-read",
    reasons: [{ code: "barcode.no-read", details: {} }],
    chute: 99,
  });
  expect(await decide({ barcode: "SOMETHING-ELSE", weightGrams: 210 })).toMatchObject({
    verdict: "rejected",
    reasons: [{ code: "order.unknown" }],
  });
  expect(await decide({ barcode: waybill })).toMatchObject({
    verdict: "rejected",
    reasons: [{ code: "weight.missing" }],
  });
  // Without a config: defaults as the help says.
  expect(await decide({ barcode: waybill, weightGrams: 200 })).toEqual({
    verdict: "accepted",
    reasons: [],
    chute: 1,
  });
});

test("decide names the file and the field that is wrong and ends with 2", async () => {
  const order = file("order.json", testOrder(1));
  const reading = file("reading.json", { barcode: "X", weightGrams: 200 });
  const wrong: readonly (readonly [order: string, reading: string, words: string])[] = [
    [join(folder, "missing.json"), reading, "missing.json cannot be read"],
    [file("broken.json", "{"), reading, "broken.json: it is not JSON"],
    [
      file("country.json", { ...testOrder(1), consignee: { ...testOrder(1).consignee, country: "Germany" } }),
      reading,
      "country.json: consignee.country:",
    ],
    [file("item.json", { ...testOrder(1), items: [{}] }), reading, "item.json: items.0.description:"],
    [order, file("weight.json", { weightGrams: 1.5 }), "weight.json: weightGrams:"],
    [order, file("unknown.json", { wieght: 1 }), 'unknown.json: the whole: Unrecognized key: "wieght"'],
    [order, file("side.json", { lengthMillimetres: 1 }), "length, width and height come together"],
    [order, file("list.json", []), "list.json: the whole:"],
  ];
  for (const [orderFile, readingFile, words] of wrong) {
    const { code, out, err } = await waystation(
      "decide",
      "--order",
      orderFile,
      "--reading",
      readingFile,
      "--json",
    );
    expect({ words, code }).toEqual({ words, code: 2 });
    expect(err).toContain(words);
    expect(JSON.parse(out)).toMatchObject({ failure: { code: "request.invalid" } });
  }
});

test("facts verify: a whole log, a changed fact, a changed parcel, no database at all", async () => {
  const bench = openStationBench();
  bench.core.start();
  bench.core.setPrinter("printer", true, 100);
  bench.core.handle("belt", { kind: "inducted", parcelIndex: 1, deviceId: "sorter" }, bench.now());
  const whole = join(folder, "whole.db");
  bench.store.checkpoint();
  copyFileSync(bench.factsPath, whole);
  const answer = async (path: string) => {
    const { code, out } = await waystation("facts", "verify", "--data", path, "--json");
    return { code, ...JSON.parse(out) };
  };
  expect(await answer(whole)).toMatchObject({ code: 0, ok: true, parcels: 1 });
  expect(await answer(bench.factsPath)).toMatchObject({ code: 0, ok: true, parcels: 1 });
  bench.close();
  bench.remove();

  const change = (name: string, sql: string) => {
    const path = join(folder, name);
    copyFileSync(whole, path);
    const db = new Database(path);
    db.exec(sql);
    db.close();
    return path;
  };
  const tampered = change(
    "tampered.db",
    "DROP TRIGGER facts_are_immutable; UPDATE facts SET text = replace(text, 'sorter', 'sortor') WHERE sequence = 2",
  );
  expect(await answer(tampered)).toMatchObject({ code: 1, ok: false, sequence: 2 });
  const moved = change("moved.db", "UPDATE parcels SET chute = 5");
  expect(await answer(moved)).toMatchObject({
    code: 1,
    ok: false,
    sequence: null,
    reason: "the parcel table differs from its facts",
  });
  expect(
    await answer(
      file("no.db", "this is no database, only some text that is long enough to look like one".repeat(20)),
    ),
  ).toMatchObject({ code: 1, ok: false });
  expect((await waystation("facts", "verify", "--data", join(folder, "nowhere"))).code).toBe(2);
});

test("facts salvage: what can be read of a broken file goes into a new one, and what is gone is said", async () => {
  const bench = openStationBench();
  bench.core.start();
  for (let index = 1; index <= 5; index += 1)
    bench.core.handle("belt", { kind: "inducted", parcelIndex: index, deviceId: "sorter" }, bench.now());
  bench.store.checkpoint();
  const broken = join(folder, "broken.db");
  copyFileSync(bench.factsPath, broken);
  bench.close();
  bench.remove();
  const db = new Database(broken);
  db.pragma("journal_mode = DELETE");
  db.pragma("secure_delete = ON");
  db.exec("DELETE FROM facts WHERE sequence = 3");
  db.close();
  writeFileSync(broken, Buffer.concat([Buffer.alloc(16), readFileSync(broken).subarray(16)]));
  const before = readFileSync(broken);

  const out = join(folder, "saved");
  const arguments_ = ["facts", "salvage", broken, "--station", "station-1", "--out", out] as const;
  const saved = await waystation(...arguments_, "--json");
  expect({ code: saved.code, ...JSON.parse(saved.out) }).toMatchObject({
    code: 1,
    logs: [{ readableFacts: 5, lostFacts: 1, readableThrough: 2, lost: [{ from: 3, to: 3 }] }],
  });
  expect(readFileSync(broken)).toEqual(before);
  expect((await waystation("facts", "verify", "--data", join(out, "facts.db"))).out).toMatch(
    /5 facts of log .+ 1 known to be lost/,
  );
  expect((await waystation(...arguments_)).code).toBe(2);
  expect(
    (await waystation("facts", "salvage", join(folder, "none.db"), "--station", "s", "--out", out)).code,
  ).toBe(2);
});

test("status without a station: exit code 1 and what to do", async () => {
  const { code, err } = await waystation("status", "--data", folder);
  expect(code).toBe(1);
  expect(err).toContain("npm start");
});

test("the command as people run it: its own process, its own exit code", () => {
  const run = (...args: string[]) =>
    spawnSync(process.execPath, [join(import.meta.dirname, "../waystation.ts"), ...args], {
      encoding: "utf8",
    });
  expect(run("barcode", "identify", "hello", "--json")).toMatchObject({
    status: 0,
    stdout: '{"data":"HELLO","matches":[]}\n',
    stderr: "",
  });
  expect(run("nonsense")).toMatchObject({ status: 2, stdout: "" });
});
