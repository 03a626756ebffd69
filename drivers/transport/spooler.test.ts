import { spawn, spawnSync } from "node:child_process";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test, vi } from "vitest";
import { startTwinOf } from "../conformance/connect-twin.ts";
import { createRecorder, until } from "../conformance/recorder.ts";
import { connectDevice } from "../connect-device.ts";
import { encodeText } from "../kit/text.ts";
import { parseQueueAnswer } from "../printers/spooled.ts";
import type { PrinterTwinState } from "../twins/printer.ts";
import { decodeJobState, encodeJobStateRequest } from "./ipp.ts";
import { connectionSchema } from "./connection.ts";

const label = encodeText("^XA^FDparcel^FS^XZ\n");
const scheduler = "/usr/sbin/cupsd";
const isRoot = process.getuid?.() === 0;
const hasCups = existsSync(scheduler) && isRoot && spawnSync("lpstat", ["-h"]).error === undefined;

const configuration = (folder: string) => `Listen ${folder}/run/cups.sock
LogLevel warn
<Location />
  Allow all
</Location>
<Location /admin>
  Allow all
</Location>
<Policy default>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`;
const files = (folder: string) => `User lp
Group lp
SystemGroup root
FileDevice Yes
ServerRoot ${folder}/etc
RequestRoot ${folder}/spool
CacheDir ${folder}/cache
StateDir ${folder}/run
TempDir ${folder}/spool/tmp
AccessLog ${folder}/log/access
ErrorLog ${folder}/log/error
PageLog ${folder}/log/page
`;

/** A scheduler of its own with one raw queue that prints on a twin over the network. */
async function startCups() {
  const folder = mkdtempSync(join(tmpdir(), "waystation-cups-"));
  chmodSync(folder, 0o755);
  for (const name of ["etc", "spool", "spool/tmp", "cache", "run", "log"]) {
    mkdirSync(join(folder, name));
    chownSync(join(folder, name), 0, Number(spawnSync("id", ["-g", "lp"], { encoding: "utf8" }).stdout));
    chmodSync(join(folder, name), 0o775);
  }
  writeFileSync(join(folder, "etc/cupsd.conf"), configuration(folder));
  writeFileSync(join(folder, "etc/cups-files.conf"), files(folder));
  const parameters = ["-f", "-c", join(folder, "etc/cupsd.conf"), "-s", join(folder, "etc/cups-files.conf")];
  const cups = spawn(scheduler, parameters, { stdio: "ignore" });
  onTestFinished(async () => {
    // it writes its caches on the way out
    const ended = once(cups, "exit");
    cups.kill();
    await ended;
    rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
  });
  const socket = join(folder, "run/cups.sock");
  await until(() => existsSync(socket), "the scheduler listens");
  vi.stubEnv("CUPS_SERVER", socket);
  onTestFinished(() => void vi.unstubAllEnvs());
  const twin = await startTwinOf<PrinterTwinState>({ onTestFinished }, "zpl");
  if (twin.connection.type !== "tcp") throw new Error("the twin speaks TCP");
  const uri = `socket://127.0.0.1:${twin.connection.port}/?waiteof=false&snmp=false`;
  const run = (program: string, ...rest: string[]) => spawnSync(program, rest, { encoding: "utf8" });
  expect(run("lpadmin", "-p", "zebra", "-E", "-v", uri, "-m", "raw").status).toBe(0);
  const arrived = () => Buffer.concat(twin.state().jobs.map(({ bytes }) => bytes));
  return { arrived, run, unplug: () => twin.control({ command: "disconnect" }) };
}

async function connectQueue(printer: string) {
  const recorder = createRecorder();
  const device = connectDevice(
    {
      deviceId: "printer-1",
      model: "spooled",
      connection: { type: "spooler", printer },
      options: { pollMs: 100, silenceMs: 2000 },
    },
    recorder.listener,
  );
  if (!device.ok || device.value.kind !== "printer") throw new Error("no printer");
  onTestFinished(device.value.stop);
  device.value.start();
  return { device: device.value, ...recorder };
}

test.skipIf(!hasCups)(
  "real CUPS: the bytes go through unread, and the queue's own word makes it printed",
  async () => {
    const { arrived } = await startCups();
    const { device, isReady } = await connectQueue("zebra");
    await until(isReady, "ready");
    const outcome = await device.print({ jobId: "1", bytes: label, timeoutMs: 20_000 });
    expect(outcome).toEqual({ outcome: "printed", odometer: null });
    await until(() => arrived().length > 0, "the job is at the printer");
    expect(arrived().equals(Buffer.from(label))).toBe(true);
  },
  40_000,
);

test.skipIf(!hasCups)(
  "real CUPS: a stopped queue takes nothing; a job cancelled in it is unknown, never printed",
  async () => {
    const { arrived, run, unplug } = await startCups();
    const { device, isReady, ofKind } = await connectQueue("zebra");
    await until(isReady, "ready");
    expect(run("cupsdisable", "zebra").status).toBe(0);
    expect(await device.print({ jobId: "1", bytes: label, timeoutMs: 10_000 })).toMatchObject({
      outcome: "failed",
      failure: { code: "printer.paused" },
    });
    expect(arrived().length).toBe(0);

    expect(run("cupsenable", "zebra").status).toBe(0);
    await until(isReady, "ready again");
    // the queue is well, but nobody answers behind it: the scheduler tries again and again
    await unplug();
    const printing = device.print({ jobId: "2", bytes: label, timeoutMs: 6000 });
    await until(() => run("lpstat", "-o", "zebra").stdout.includes("zebra-"), "the job waits");
    run("cancel", "-a", "zebra");
    expect((await printing).outcome).toBe("unknown");
    expect(ofKind("refused").map(({ reason }) => reason)).toContain('job in the queue: "canceled"');
    expect(arrived().length).toBe(0);
  },
  60_000,
);

test("no such queue: a failure and no throw; a name that is an option or a path is refused", async () => {
  const { states } = await connectQueue("there-is-none");
  await until(() => states.at(-1)?.state === "faulted", "the failure");
  for (const printer of ["-h", "a\nb", ""]) {
    expect(connectionSchema.safeParse({ type: "spooler", printer }).success).toBe(false);
  }
  if (process.platform === "win32") return;
  const { states: others } = await connectQueue("../etc/passwd");
  await until(() => others.at(-1)?.state === "faulted", "the failure");
  expect(others.at(-1)).toMatchObject({ failure: { code: "config.invalid" } });
});

/** A stand-in for the two programs, where no scheduler can be run: what is asked of them, not what CUPS does. */
test.skipIf(process.platform === "win32")(
  "with stand-ins for lp and lpstat: how they are called, and no word of the scheduler is unknown",
  async () => {
    const folder = mkdtempSync(join(tmpdir(), "waystation-lp-"));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const program = (name: string, script: string) => {
      writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`);
      chmodSync(join(folder, name), 0o755);
    };
    program("lpstat", `printf 'printer zebra is idle.  enabled since now\\n\\tAlerts: none\\n'`);
    program(
      "lp",
      `echo "$@" >${folder}/called; cat >${folder}/bytes; echo 'request id is zebra-7 (0 file(s))'`,
    );
    vi.stubEnv("PATH", `${folder}:${process.env.PATH}`);
    vi.stubEnv("CUPS_SERVER", join(folder, "no.sock"));
    onTestFinished(() => void vi.unstubAllEnvs());
    const { device, isReady } = await connectQueue("zebra");
    await until(isReady, "ready");
    expect((await device.print({ jobId: "1", bytes: label, timeoutMs: 3000 })).outcome).toBe("unknown");
    expect(readFileSync(join(folder, "called"), "utf8")).toBe("-d zebra -o raw -t waystation 0001 -\n");
    expect(readFileSync(join(folder, "bytes")).equals(Buffer.from(label))).toBe(true);
  },
);

test("the scheduler's answer: state 9 is completed, 7 cancelled; anything cut short or refused is nothing", () => {
  const answer = (state: number, status = 0) =>
    Buffer.concat([
      Buffer.from([2, 0, 0, status, 0, 0, 0, 1, 1, 0x47, 0, 18]),
      Buffer.from("attributes-charset"),
      Buffer.from([0, 5]),
      Buffer.from("utf-8"),
      Buffer.from([2, 0x23, 0, 9]),
      Buffer.from("job-state"),
      Buffer.from([0, 4, 0, 0, 0, state, 3]),
    ]);
  expect(decodeJobState(answer(9))).toBe("completed");
  expect(decodeJobState(answer(7))).toBe("canceled");
  expect(decodeJobState(answer(42))).toBeNull();
  expect(decodeJobState(Buffer.concat([Buffer.from([2, 0, 4, 6]), answer(9).subarray(4)]))).toBeNull();
  const whole = answer(9);
  for (let length = 0; length < whole.length - 1; length += 1) {
    expect(decodeJobState(whole.subarray(0, length))).toBeNull();
  }
  const request = Buffer.from(encodeJobStateRequest("zebra", 12)).toString("latin1");
  expect(request).toContain("ipp://localhost/printers/zebra");
  expect(request.slice(0, 4)).toBe("\u0002\u0000\u0000\u0009");
});

test("a queue that takes no jobs has a fault of its own", () => {
  const text =
    "zebra not accepting requests since now -\nprinter zebra is idle.  enabled since now\n\tAlerts: none\n";
  const reply = parseQueueAnswer(encodeText(text));
  expect(reply.part === "status" && reply.status.fault).toBe("takes no jobs");
});
