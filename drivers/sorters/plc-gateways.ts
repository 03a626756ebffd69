import { defineSorter } from "../kit/define.ts";
import { modbusSorter } from "./modbus.ts";

/**
 * The sorter of the register map on PLCs that do not speak Modbus: a gateway transport (transport/plc) carries
 * the same requests out on their words, so these families are the session of `modbus` under another name.
 */
export const s7Sorter = { ...modbusSorter, name: "s7" };
export const ethernetIpSorter = { ...modbusSorter, name: "ethernet-ip" };
export const opcUaSorter = { ...modbusSorter, name: "opc-ua" };

export const s7Models = [
  defineSorter({
    model: "s7-sorter",
    vendor: "Siemens",
    names: ["S7-300", "S7-400", "S7-1200", "S7-1500"],
    family: s7Sorter,
    tcpPort: 102,
    confirmed: false,
    source:
      "our own register map as words of one data block; tried against our own S7 server and snap7's. " +
      "S7-1200/1500: PUT/GET permitted, block access not optimised",
  }),
];

export const ethernetIpModels = [
  defineSorter({
    model: "ethernet-ip-sorter",
    vendor: "Rockwell Automation",
    names: ["ControlLogix", "CompactLogix"],
    family: ethernetIpSorter,
    tcpPort: 44_818,
    confirmed: false,
    source:
      "our own register map as an INT array with external access read/write; tried against our own " +
      "EtherNet/IP server only",
  }),
];

export const opcUaModels = [
  defineSorter({
    model: "opc-ua-sorter",
    vendor: "generic",
    names: ["Sorter PLC, OPC UA"],
    family: opcUaSorter,
    // a call costs several messages here: asked less often than over Modbus
    options: { pollMs: 20 },
    tcpPort: 4840,
    confirmed: false,
    source:
      "our own register map as a UInt16 array, OPC UA part 4 index ranges; tried against node-opcua-server only",
  }),
];
