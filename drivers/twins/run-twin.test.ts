import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { until } from "../conformance/recorder.ts";
import { connectDevice, deviceBindingSchema } from "../connect-device.ts";
import type { TwinEvent } from "./twin.ts";

const program = fileURLToPath(new URL("./run-twin.ts", import.meta.url));

function spawnTwin(argument: object) {
  const child = spawn(process.execPath, [program, JSON.stringify(argument)], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  onTestFinished(() => void child.kill());
  const events: TwinEvent[] = [];
  createInterface({ input: child.stdout }).on("line", (line) => void events.push(JSON.parse(line)));
  const find = (name: string) => events.find(({ event }) => event === name);
  const tell = (command: object) => child.stdin.write(`${JSON.stringify(command)}\n`);
  return { child, events, find, tell };
}

const silent = { onReading: () => undefined, onState: () => undefined };

test("a printer in a process of its own goes on printing after the station is gone", async () => {
  const twin = spawnTwin({ family: "zpl", options: { printTimeMs: 200 } });
  await until(() => twin.find("ready") !== undefined, "the twin is ready");
  const connection = twin.find("ready")?.connection;
  const binding = deviceBindingSchema.parse({ deviceId: "p", model: "zebra-zd421", connection });
  const device = connectDevice(binding, silent);
  if (!device.ok || device.value.kind !== "printer") throw new Error("no printer");
  const printer = device.value;
  printer.start();
  onTestFinished(printer.stop);
  await until(() => printer.state().state === "ready", "ready");
  void printer.print({ jobId: "1", bytes: Buffer.from("^XA^FDx^FS^PQ2^XZ"), timeoutMs: 5000 });
  await until(() => twin.find("label-printed") !== undefined, "the first label");
  await printer.stop();
  await until(
    () => twin.events.filter(({ event }) => event === "label-printed").length === 2,
    "the second label",
  );

  twin.tell({ command: "job", number: 0, id: 7 });
  await until(() => twin.find("done") !== undefined, "the job's bytes");
  expect(Buffer.from(String(twin.find("done")?.base64), "base64").toString()).toBe("^XA^FDx^FS^PQ2^XZ");
  expect(twin.find("done")?.id).toBe(7);
});

test.each(["mt-sics", "serial-aim", "zpl", "dws-delimited", "modbus"])(
  "%s: ready, obeys, refuses nonsense, ends with its input",
  async (family) => {
    const twin = spawnTwin({ family });
    await until(() => twin.find("ready") !== undefined, "the twin is ready");
    twin.tell({ command: "fault", fault: "silent" });
    twin.tell({ command: "state" });
    await until(() => twin.events.some(({ state }) => state !== undefined), "its state");
    twin.tell({ command: "dance" });
    await until(() => twin.find("error") !== undefined, "the refusal");
    const exited = once(twin.child, "exit");
    twin.child.stdin.end();
    expect((await exited)[0]).toBe(0);
  },
);
