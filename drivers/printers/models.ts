import { definePrinter } from "../kit/define.ts";
import { zpl } from "./zpl.ts";

/** Any ZPL printer that answers ~HS but has no label counter to ask. */
export const zplPrinter = definePrinter({
  model: "zpl",
  vendor: "generic",
  names: ["ZPL II printer"],
  family: zpl,
  options: { odometer: false },
  tcpPort: 9100,
  confirmed: false,
  source: "ZPL II Programming Guide, ~HS",
});

export const zebraZd421 = definePrinter({
  model: "zebra-zd421",
  vendor: "Zebra",
  names: ["ZD421", "ZD621"],
  family: zpl,
  tcpPort: 9100,
  confirmed: false,
  source: "Zebra Programming Guide: ~HS, odometer.total_label_count (Link-OS)",
});

export const zebraZt411 = definePrinter({
  model: "zebra-zt411",
  vendor: "Zebra",
  names: ["ZT411", "ZT421"],
  family: zpl,
  tcpPort: 9100,
  confirmed: false,
  source: "Zebra Programming Guide: ~HS, odometer.total_label_count (Link-OS)",
});
