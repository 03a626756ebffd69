import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTwin } from "@waystation/drivers/twins/registry";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { waystation } from "../../test/support/run-waystation.ts";
import { readCommand } from "../device/run-twin.ts";

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "device-command-"));
});
afterAll(() => rmSync(folder, { recursive: true }));

const stableKilogram = "53205320202020202020312e303030206b670d0a";

async function startScale() {
  const twin = await startTwin("mt-sics", { line: "tcp" });
  if (twin === null || twin.connection.type !== "tcp") throw new Error("no twin");
  onTestFinished(twin.stop);
  return { twin, connection: `tcp:127.0.0.1:${twin.connection.port}` };
}

test("decode prints one JSON object a line, whatever the bytes are", async () => {
  const { out, code } = await waystation(
    ...["device", "decode", "--family", "mt-sics", "--json"],
    ...["--hex", stableKilogram, "53 20", "2b:0d,0a", "--hex", "ff0d0a", "53"],
  );
  expect(
    out
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line)),
  ).toEqual([
    { kind: "weight", weightGrams: 1000, state: "stable", net: false },
    { kind: "weight", state: "over", net: false },
    { kind: "refused", reason: expect.stringContaining("not an MT-SICS reply") },
    { kind: "refused", reason: expect.stringContaining("1 byte") },
  ]);
  expect(code).toBe(0);
});

test.each([
  [["--family", "toaster", "--hex", "00"], "there is no family"],
  [["--family", "mt-sics", "--hex", "5x"], "no hexadecimal digit (place 2)"],
  [["--family", "mt-sics", "--hex", "535"], "half a byte"],
  [["--family", "mt-sics"], "either --hex or --file"],
  [["--hex", "00"], "either --family or --model"],
  [["--family", "mt-sics", "--hex", "00", "--options", "[1]"], "no JSON object"],
  [["--family", "mt-sics", "--hex", "00", "--options", '{"speed":1}'], "speed"],
  [["--model", "mt-sic", "--hex", "00"], "did you mean mt-sics"],
  [["--family", "mt-sics", "--file", "/nowhere/at/all"], "cannot be read"],
])("decode %j is refused with a sentence", async (args, words) => {
  const { err, code } = await waystation("device", "decode", ...args);
  expect(err).toContain(words);
  expect(code).toBe(2);
});

test("try weighs what lies on a scale", async () => {
  const { twin, connection } = await startScale();
  await twin.control({ command: "load", weightGrams: 350, settleMs: 0 });
  const { out, code } = await waystation(
    ...["device", "try", "--model", "mt-sics", "--connection", connection, "--weigh", "--json"],
  );
  const events = out
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(events).toContainEqual({ event: "state", state: "ready" });
  expect(events.at(-1)).toEqual({ event: "weight", weightGrams: 350 });
  expect(code).toBe(0);
});

test("try says what is wrong with a device that is not there", async () => {
  const { err, code } = await waystation(
    ...["device", "try", "--model", "mt-sics", "--connection", "tcp:127.0.0.1:9", "--seconds", "0.3"],
  );
  expect(err).toContain("127.0.0.1:9");
  expect(code).toBe(1);
});

test("capture with a model records its answers as a fixture and never overwrites one", async () => {
  const { connection } = await startScale();
  const out = join(folder, "capture.json");
  const capture = () =>
    waystation(
      ...["device", "capture", "--connection", connection, "--model", "mt-sics"],
      ...["--out", out, "--seconds", "0.5", "--json"],
    );
  expect((await capture()).code).toBe(0);
  const fixture = JSON.parse(readFileSync(out, "utf8"));
  expect(Buffer.from(fixture.chunks[0].hex, "hex").toString()).toBe('I4 A "1234567"\r\n');
  expect(fixture.source.from).toBe("device");
  expect((await capture()).code).toBe(2);
});

test("capture without a model only listens: not one byte reaches the device", async () => {
  const { twin, connection } = await startScale();
  const out = join(folder, "silent.json");
  const ended = await waystation(
    ...["device", "capture", "--connection", connection, "--out", out, "--seconds", "0.3"],
  );
  expect(ended.code).toBe(1);
  expect(twin.state()).toMatchObject({ requests: 0 });
  expect(existsSync(out)).toBe(false);
});

test("list shows the site's own models and says which files were refused, and decode uses them", async () => {
  const data = join(folder, "data");
  mkdirSync(join(data, "devices"), { recursive: true });
  const write = (name: string, value: object) =>
    writeFileSync(join(data, "devices", name), JSON.stringify(value));
  const gate = {
    version: 1,
    model: "acme-gate",
    family: "dws-delimited",
    vendor: "Acme",
    names: ["G7"],
    options: { fields: ["code", "weight", "ignore"], delimiter: "|", weightUnit: "kg" },
    source: "Acme manual p. 12",
  };
  write("gate.json", gate);
  write("sorter.json", { ...gate, model: "acme-sorter", family: "modbus", options: {} });
  write("code.json", { ...gate, model: "acme-code", parse: "process.exit(1)" });
  write("known.json", { ...gate, model: "mt-sics" });
  write("options.json", { ...gate, model: "acme-options", options: { delimiter: "long" } });
  writeFileSync(join(data, "devices", "broken.json"), "{");
  const { out, code } = await waystation("device", "list", "--data", data, "--json");
  const { devices, refused } = JSON.parse(out);
  expect(devices).toContainEqual(
    expect.objectContaining({ model: "acme-gate", ownDefinition: true, confirmed: false }),
  );
  expect(devices.every(({ confirmed }: { confirmed: boolean }) => !confirmed)).toBe(true);
  expect(refused).toHaveLength(5);
  expect(JSON.stringify(refused)).toContain("a sorter cannot be defined by a file");
  expect(code).toBe(1);
  const decoded = await waystation(
    ...["device", "decode", "--data", data, "--model", "acme-gate", "--json"],
    ...["--hex", Buffer.from("RB123456785GB|1.250|x\r\n").toString("hex")],
  );
  expect(JSON.parse(decoded.out)).toEqual({ kind: "size", barcode: "RB123456785GB", weightGrams: 1250 });
});

test("discover lists or says what cannot be listed, and always ends well", async () => {
  const { out, code } = await waystation("device", "discover", "--json");
  const found = JSON.parse(out);
  expect(found).toEqual({ lines: expect.any(Array), unavailable: expect.any(Array) });
  expect(code).toBe(0);
});

test("a twin's commands may be written short", () => {
  expect(JSON.parse(readCommand("load weightGrams=500 settleMs=0"))).toEqual({
    command: "load",
    weightGrams: 500,
    settleMs: 0,
  });
  expect(JSON.parse(readCommand("scan data=00123 on=true"))).toEqual({
    command: "scan",
    data: "00123",
    on: true,
  });
  expect(readCommand('{"command":"state"}')).toBe('{"command":"state"}');
});

test("a twin of no family is refused with the names of all", async () => {
  const { err, code } = await waystation("device", "twin", "toaster");
  expect(err).toContain("mt-sics");
  expect(code).toBe(2);
});
