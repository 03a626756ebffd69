import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Database from "better-sqlite3";
import { afterAll, expect, test } from "vitest";
import { waystation } from "../../test/support/run-waystation.ts";
import { scrubLine, scrubValue } from "../support/scrub.ts";

const root = mkdtempSync(join(tmpdir(), "waystation-support-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

/** Whatever of these is found in a bundle is one too many. */
const planted = [
  "Zebulon",
  "Quist",
  "14 Peculiar Lane",
  "Peculiar",
  "Oddville",
  "OD1 7XX",
  "555-0199",
  "zebulon@example.com",
  "token-that-opens-all",
  "admin-token-planted",
  "wst_plantedplantedplanted",
  "wsk_plantedplantedplanted",
  "hunter22",
  "PRIVATE KEY",
  "postgres-password",
];

/** A data folder with people and secrets wherever anything can be written. */
function plantFolder(): string {
  const data = join(root, "data");
  for (const folder of ["station", "cloud", "logs"]) mkdirSync(join(data, folder), { recursive: true });
  const everything = planted.join(" ");
  const person = { name: "Zebulon Quist", street1: "14 Peculiar Lane", city: "Oddville", Oddville: "Quist" };
  const config = {
    version: 1,
    stationId: "belt-1",
    screen: { port: 8788, token: "token-that-opens-all", pin: "hunter22" },
    cloud: { url: "https://user:postgres-password@cloud", keyFile: "-----BEGIN PRIVATE KEY-----" },
    devices: [{ deviceId: "scale", model: "mettler-toledo-ics", sender: person, note: everything }],
    Zebulon: "Quist",
  };
  writeFileSync(join(data, "station/engine.json"), JSON.stringify(config));
  writeFileSync(join(data, "run.json"), JSON.stringify({ tokens: { admin: "admin-token-planted" } }));
  writeFileSync(join(data, "station/station-key.json"), JSON.stringify({ key: "PRIVATE KEY" }));
  const at = "2026-11-22T07:33:03.000Z";
  const lines = [
    `${at} --- engine started as process 4711`,
    `${at} out ${JSON.stringify({ event: "request", route: "/v1/shape", status: 200, consignee: person, message: everything, name: "Zebulon", actor: "person Zebulon Quist", token: "wst_plantedplantedplanted" })}`,
    `${at} err Error: cannot deliver to Zebulon Quist, 14 Peculiar Lane at print-label.ts:12:3 SQLITE_FULL`,
    `${at} err ${everything}`,
    `${at} ${JSON.stringify([person])}`,
    everything,
  ];
  writeFileSync(join(data, "logs/engine.log"), `${lines.join("\n")}\n`);
  writeFileSync(join(data, "logs/Zebulon Quist.log"), everything);
  const orders = new Database(join(data, "station/orders.db"));
  orders.exec("CREATE TABLE orders (body TEXT)");
  orders.prepare("INSERT INTO orders VALUES (?)").run(JSON.stringify(person));
  orders.close();
  writeFileSync(join(data, "station/facts.db"), everything);
  writeFileSync(join(data, "station/Zebulon.db"), everything);
  return data;
}

async function startHostileCloud(): Promise<{ url: string; close: () => void }> {
  const server = createServer((request, response) => {
    if (request.url === "/readyz")
      response.end(JSON.stringify({ status: "ok", schema: "0004-people", message: planted.join(" ") }));
    else
      response.end(
        `waystation_stations{state="enrolled"} 3\nwaystation_x{name="14 Peculiar Lane"} Zebulon\n${planted.join("\n")}\n`,
      );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return {
    url: `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`,
    close: () => server.close(),
  };
}

test("a bundle says what helps and holds no secret, no name and no address", async () => {
  const data = plantFolder();
  const cloud = await startHostileCloud();
  const out = join(root, "support.tar.gz");
  const ended = await waystation(
    "support",
    "bundle",
    "--data",
    data,
    "--cloud",
    cloud.url,
    "--out",
    out,
    "--json",
  );
  cloud.close();
  expect([ended.code, ended.err]).toEqual([0, ""]);
  expect(statSync(out).mode & 0o777).toBe(0o600);

  const unpacked = join(root, "unpacked");
  mkdirSync(unpacked);
  // The system's own tar, not ours: it reads what we wrote.
  expect(spawnSync("tar", ["xzf", out, "-C", unpacked]).status).toBe(0);
  const files = readdirSync(unpacked, { recursive: true, withFileTypes: true }).filter((entry) =>
    entry.isFile(),
  );
  const read = (name: string): string => readFileSync(join(unpacked, name), "utf8");
  expect(files.length).toBe(JSON.parse(ended.out).contents.length);
  for (const file of files) {
    const text = `${file.name}\n${readFileSync(join(file.parentPath, file.name), "utf8")}`;
    for (const secret of planted) expect([file.name, text.includes(secret)]).toEqual([file.name, false]);
  }

  expect(JSON.parse(read("station/config.json"))).toMatchObject({
    stationId: "belt-1",
    screen: { port: 8788, token: "[secret]", pin: "[secret]" },
    devices: [{ deviceId: "scale", model: "mettler-toledo-ics" }],
  });
  expect(read("logs/engine.log")).toContain("--- engine started as process 4711");
  expect(read("logs/engine.log")).toContain('"route":"/v1/shape","status":200');
  expect(read("logs/engine.log")).toContain("print-label.ts:12:3");
  expect(read("logs/engine.log")).toContain("SQLITE_FULL");
  expect(read("cloud/metrics.txt")).toBe('waystation_stations{state="enrolled"} 3');
  expect(JSON.parse(read("cloud/ready.json"))).toMatchObject({ status: "ok", schema: "0004-people" });
  expect(JSON.parse(read("station/status.json"))).toEqual({ code: "station.not-running" });
  expect(read("disk.json")).toContain('"fileName": "orders.db"');
});

test("it never writes over a file, and says in words what is wrong", async () => {
  const out = join(root, "there.tar.gz");
  writeFileSync(out, "mine");
  const over = await waystation("support", "bundle", "--data", root, "--out", out);
  expect([over.code, over.err.trim().split("\n").length]).toEqual([2, 1]);
  expect(readFileSync(out, "utf8")).toBe("mine");
  expect((await waystation("support", "bundle", "--data", join(root, "nowhere"), "--out", out)).code).toBe(2);
  expect(
    (await waystation("support", "bundle", "--data", root, "--cloud", "ftp://x", "--out", `${out}2`)).code,
  ).toBe(2);
});

test("a log of any size makes a bounded bundle", async () => {
  const data = join(root, "large");
  mkdirSync(join(data, "logs"), { recursive: true });
  writeFileSync(
    join(data, "logs/cloud.log"),
    `${JSON.stringify({ event: "request", status: 200 })}\n`.repeat(300_000),
  );
  const ended = await waystation(
    "support",
    "bundle",
    "--data",
    data,
    "--out",
    join(root, "large.tar.gz"),
    "--json",
  );
  const { contents } = JSON.parse(ended.out) as { contents: { name: string; bytes: number }[] };
  const log = contents.find(({ name }) => name === "logs/cloud.log");
  expect(log?.bytes).toBeGreaterThan(100_000);
  expect(log?.bytes).toBeLessThan(300_000);
});

test("nesting, long lists and odd keys do not get through", () => {
  let deep: unknown = "Zebulon";
  for (let depth = 0; depth < 50; depth += 1) deep = { state: deep };
  expect(JSON.stringify(scrubValue(deep))).not.toContain("Zebulon");
  expect(scrubValue({ "14 Peculiar Lane": 1, state: "idle", code: "Zebulon Quist" })).toEqual({
    state: "idle",
    code: "[left out]",
  });
  expect(scrubLine("x".repeat(100_000)).length).toBeLessThan(50);
});
