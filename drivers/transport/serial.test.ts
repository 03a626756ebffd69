import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import { createRecorder, until } from "../conformance/recorder.ts";
import { connectDevice } from "../connect-device.ts";
import { startScannerTwin } from "../twins/scanner.ts";

/** CPU of this process over a while, as a share of one core. */
async function measureCpuShare(overMs: number): Promise<number> {
  const before = process.cpuUsage();
  const beganMs = performance.now();
  await new Promise((resolve) => setTimeout(resolve, overMs));
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1000 / (performance.now() - beganMs);
}

test("a killed pseudo terminal is noticed within a second, closed, and recovered when it is back", async () => {
  const twin = await startScannerTwin();
  onTestFinished(twin.stop);
  // on a machine without socat the twin offers TCP: then there is no serial line to lose
  if (twin.connection.type !== "serial") return;
  const recorder = createRecorder();
  const device = connectDevice(
    { deviceId: "scanner-1", model: "serial-aim", connection: twin.connection },
    recorder.listener,
  );
  if (!device.ok) throw new Error("no device");
  onTestFinished(device.value.stop);
  device.value.start();
  await until(recorder.isReady, "open");
  await twin.control({ command: "scan", data: "FIRST" });
  await until(() => recorder.ofKind("scan").length === 1, "first scan");

  for (const round of [1, 2, 3]) {
    const cutAtMs = performance.now();
    await twin.control({ command: "disconnect" });
    await until(() => recorder.states.at(-1)?.state === "faulted", "the loss is noticed");
    expect(performance.now() - cutAtMs).toBeLessThan(1500);
    expect(await measureCpuShare(300)).toBeLessThan(0.5);

    await twin.control({ command: "plug" });
    await until(recorder.isReady, "recovered");
    await twin.control({ command: "scan", data: `AGAIN-${round}` });
    await until(() => recorder.ofKind("scan").at(-1)?.data === `AGAIN-${round}`, "scan after recovery");
  }
}, 40_000);

test("a line replaced behind the same name is noticed though the old one is still open", async () => {
  const { createSerialTransport, defaultSerialLine } = await import("./serial.ts");
  const twin = await startScannerTwin();
  onTestFinished(twin.stop);
  if (twin.connection.type !== "serial") return;
  const transport = createSerialTransport(twin.connection.path, defaultSerialLine);
  const opened = await transport.open({ onData: () => undefined, onClose: () => undefined });
  expect(opened.ok).toBe(true);
  expect(await transport.check?.()).toBeNull();
  await twin.control({ command: "disconnect" });
  await twin.control({ command: "plug" });
  expect((await transport.check?.())?.code).toBe("device.disconnected");
  await transport.close();
}, 20_000);

test("a port that is not there is a failure, not a throw", async () => {
  const { createSerialTransport, defaultSerialLine } = await import("./serial.ts");
  const transport = createSerialTransport("/dev/there-is-none", defaultSerialLine);
  const opened = await transport.open({ onData: () => undefined, onClose: () => undefined });
  expect(opened.ok ? null : opened.failure.code).toBe("device.disconnected");
  await transport.close();
});

test("a station without serial devices never loads the native module", async () => {
  const script = `
    const { connectDevice } = await import(${JSON.stringify(new URL("../connect-device.ts", import.meta.url).href)});
    const connection = { type: "tcp", host: "127.0.0.1", port: 1 };
    const listener = { onReading: () => {}, onState: () => {} };
    const device = connectDevice({ deviceId: "p", model: "zpl", connection }, listener);
    device.value.start();
    await device.value.stop();
    const { createRequire } = await import("node:module");
    const loaded = Object.keys(createRequire(${JSON.stringify(import.meta.url)}).cache);
    console.log(JSON.stringify(loaded.filter((path) => path.includes("serialport"))));`;
  const run = promisify(execFile);
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script]);
  expect(JSON.parse(stdout)).toEqual([]);
}, 20_000);
