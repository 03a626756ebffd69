import { defineScanner } from "../kit/define.ts";
import { serialAim } from "./serial-aim.ts";

/** Any scanner set to serial (or USB-COM) output. AIM ids make GS1 barcodes tell themselves apart. */
export const aimScanner = defineScanner({
  model: "serial-aim",
  vendor: "generic",
  names: ["Serial or USB-COM scanner"],
  family: serialAim,
  confirmed: false,
  source: "ISO/IEC 15424 (AIM symbology identifiers)",
});

export const honeywellXenon = defineScanner({
  model: "honeywell-serial",
  vendor: "Honeywell",
  names: ["Xenon", "Granit", "Voyager"],
  family: serialAim,
  options: { terminator: "cr" },
  serial: { baudRate: 115_200 },
  confirmed: false,
  source: "settings to be checked on the device: serial output, suffix CR, AIM id prefix",
});

export const zebraDs = defineScanner({
  model: "zebra-serial",
  vendor: "Zebra",
  names: ["DS2208", "DS3608", "DS8178"],
  family: serialAim,
  options: { terminator: "crlf" },
  serial: { baudRate: 9600 },
  confirmed: false,
  source: "settings to be checked on the device: CDC or RS-232, suffix CR LF, AIM code id",
});

export const datalogicGryphon = defineScanner({
  model: "datalogic-serial",
  vendor: "Datalogic",
  names: ["Gryphon", "PowerScan"],
  family: serialAim,
  options: { terminator: "cr" },
  serial: { baudRate: 9600 },
  confirmed: false,
  source: "settings to be checked on the device: RS-232 or USB-COM, suffix CR, AIM id",
});
