import { readFileSync } from "node:fs";
import { release } from "node:os";
import { join } from "node:path";
import { exchangeFiles } from "../commands.ts";
import { runSuite, writeResult } from "./run-tests.ts";
import { acmSerial } from "./suites/acm-serial.ts";
import { hidScale } from "./suites/hid-scale.ts";
import { hidScanner } from "./suites/hid-scanner.ts";
import { usbPrinter } from "./suites/usb-printer.ts";
import { usbSerial } from "./suites/usb-serial.ts";

const suites = [usbSerial, acmSerial, hidScale, hidScanner, usbPrinter];

/** The guest's only program: every suite named in the plan, or all of them. The host ends the machine at the last line. Imported, it does nothing. */
if (import.meta.main) {
  const loadSeconds = process.uptime();
  const bootSeconds = Number(readFileSync("/proc/uptime", "latin1").split(" ")[0]) - loadSeconds;
  writeResult({ line: "begin", kernel: release(), bootSeconds, loadSeconds });
  const plan = readFileSync(join(exchangeFiles.guestFolder, exchangeFiles.plan), "utf8");
  const wanted: readonly string[] = JSON.parse(plan).suites;
  for (const suite of suites) {
    if (wanted.length === 0 || wanted.includes(suite.name)) await runSuite(suite);
  }
  writeResult({ line: "end" });
}
