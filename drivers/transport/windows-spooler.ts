import { type Result, succeed } from "@waystation/shared/failures/result";
import type { JobState } from "./ipp.ts";
import { runCommand } from "./run-command.ts";
import type { Spooler } from "./spooler.ts";

/**
 * winspool.drv through PowerShell: npm's usb cannot claim a label printer on Windows (usbprint.sys holds it), the
 * spooler with datatype RAW can. The name comes in the environment and the job on standard input, so neither is
 * ever part of a command. Not run on a Windows machine yet.
 */
const declarations = `
$ErrorActionPreference = 'Stop'
Add-Type -TypeDefinition @'
using System;
using System.Runtime.InteropServices;
public static class Spool {
  [StructLayout(LayoutKind.Sequential, CharSet = CharSet.Unicode)]
  public struct DocInfo { public string Name; public string Output; public string Type; }
  [DllImport("winspool.drv", CharSet = CharSet.Unicode, SetLastError = true)]
  public static extern bool OpenPrinterW(string name, out IntPtr printer, IntPtr defaults);
  [DllImport("winspool.drv", SetLastError = true)] public static extern bool ClosePrinter(IntPtr printer);
  [DllImport("winspool.drv", CharSet = CharSet.Unicode, SetLastError = true)]
  public static extern int StartDocPrinterW(IntPtr printer, int level, ref DocInfo info);
  [DllImport("winspool.drv", SetLastError = true)] public static extern bool EndDocPrinter(IntPtr printer);
  [DllImport("winspool.drv", SetLastError = true)] public static extern bool AbortPrinter(IntPtr printer);
  [DllImport("winspool.drv", SetLastError = true)]
  public static extern bool WritePrinter(IntPtr printer, byte[] bytes, int count, out int written);
  [DllImport("winspool.drv", CharSet = CharSet.Unicode, SetLastError = true)]
  public static extern bool GetPrinterW(IntPtr printer, int level, IntPtr data, int size, out int needed);
  [DllImport("winspool.drv", CharSet = CharSet.Unicode, SetLastError = true)]
  public static extern bool GetJobW(IntPtr printer, int job, int level, IntPtr data, int size, out int needed);
}
'@
function Fail($what) {
  throw "$what failed: $([System.Runtime.InteropServices.Marshal]::GetLastWin32Error())"
}
$printer = [IntPtr]::Zero
if (-not [Spool]::OpenPrinterW($env:WAYSTATION_PRINTER, [ref]$printer, [IntPtr]::Zero)) { Fail 'OpenPrinter' }
$needed = 0
`;

/** PRINTER_INFO_6 is the status alone; the number of jobs comes from the print management cmdlets. */
const describeScript = `${declarations}
$data = [System.Runtime.InteropServices.Marshal]::AllocHGlobal(16)
if (-not [Spool]::GetPrinterW($printer, 6, $data, 16, [ref]$needed)) { Fail 'GetPrinter' }
$status = [System.Runtime.InteropServices.Marshal]::ReadInt32($data)
$jobs = @(Get-PrintJob -PrinterName $env:WAYSTATION_PRINTER).Count
[void][Spool]::ClosePrinter($printer)
"windows $status $jobs"
`;

/** A finished job leaves the queue: only one seen as printed (0x80) or complete (0x1000) is known to be. */
const printScript = `${declarations}
$bytes = New-Object System.IO.MemoryStream
[Console]::OpenStandardInput().CopyTo($bytes)
$all = $bytes.ToArray()
$info = New-Object Spool+DocInfo
$info.Name = $env:WAYSTATION_TITLE
$info.Type = 'RAW'
$job = [Spool]::StartDocPrinterW($printer, 1, [ref]$info)
if ($job -eq 0) { Fail 'StartDocPrinter' }
$written = 0
if (-not [Spool]::WritePrinter($printer, $all, $all.Length, [ref]$written) -or $written -ne $all.Length) {
  [void][Spool]::AbortPrinter($printer)
  Fail 'WritePrinter'
}
if (-not [Spool]::EndDocPrinter($printer)) { Fail 'EndDocPrinter' }
$data = [System.Runtime.InteropServices.Marshal]::AllocHGlobal(65536)
$offset = [IntPtr]::Size * 7
$state = 'unknown'
for ($round = 0; $round -lt 400; $round++) {
  if (-not [Spool]::GetJobW($printer, $job, 1, $data, 65536, [ref]$needed)) { break }
  $status = [System.Runtime.InteropServices.Marshal]::ReadInt32($data, $offset)
  if ($status -band 0x1080) { $state = 'completed'; break }
  if ($status -band 0x104) { $state = 'canceled'; break }
  Start-Sleep -Milliseconds 300
}
[void][Spool]::ClosePrinter($printer)
$state
`;

const timeoutMs = 150_000;

const runScript = (script: string, environment: Readonly<Record<string, string>>, input?: Uint8Array) =>
  runCommand({
    program: "powershell.exe",
    parameters: ["-NoProfile", "-NonInteractive", "-Command", script],
    environment,
    timeoutMs,
    ...(input === undefined ? {} : { input }),
  });

export const windowsSpooler: Spooler = {
  // what a Windows queue may be called; a share is \\server\name
  isName: (printer) => /^[^\u0000-\u001f"!,]{1,220}$/.test(printer),
  describe: (printer) => runScript(describeScript, { WAYSTATION_PRINTER: printer }),
  print: async (printer, title, bytes): Promise<Result<JobState | null>> => {
    const environment = { WAYSTATION_PRINTER: printer, WAYSTATION_TITLE: title };
    const done = await runScript(printScript, environment, bytes);
    if (!done.ok) return done;
    const word = done.value.trim();
    return succeed(word === "completed" || word === "canceled" ? word : null);
  },
};
