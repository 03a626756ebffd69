import { defineSorter } from "../kit/define.ts";
import { modbusSorter } from "./modbus.ts";
import { defaultRegisterMap } from "./register-map.ts";

/** A PLC programmed after the register map in register-map.ts. */
export const genericModbusSorter = defineSorter({
  model: "modbus-sorter",
  vendor: "generic",
  names: ["Sorter PLC, Modbus TCP"],
  family: modbusSorter,
  options: { map: defaultRegisterMap, writable: [{ address: 0, count: 8 }] },
  tcpPort: 502,
  confirmed: false,
  source: "our own register map; Modbus Application Protocol V1.1b3",
});
