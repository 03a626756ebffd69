import { Socket } from "node:net";
import type { Controller } from "st-ethernet-ip";
import { createLengthFramer } from "../../framing/length.ts";
import type { Transport } from "../transport.ts";
import { createGatewayTransport, type WordStore, type WritableRange } from "./gateway.ts";

export type EthernetIpSettings = {
  readonly host: string;
  readonly port: number;
  /** Of the processor in its rack. */
  readonly slot: number;
  /** An array of INT in the controller's scope, or "Program:Main.Tag". */
  readonly tag: string;
  readonly writable: readonly WritableRange[];
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
};

type Library = typeof import("st-ethernet-ip");

const intType = 0xc3;
const headerBytes = 24;
const sendUnitData = 0x70;
/** Encapsulation header, interface handle and timeout, item count, address item, then the data item's head. */
const sequenceOffset = headerBytes + 6 + 2 + 8 + 4;

/** Register n is element n of an INT array; a word above 32767 is negative there. */
export function createEthernetIpTransport(settings: EthernetIpSettings): Transport {
  return createGatewayTransport({
    address: `${settings.host}:${settings.port} ${settings.tag}`,
    writable: settings.writable,
    connectTimeoutMs: settings.connectTimeoutMs,
    requestTimeoutMs: settings.requestTimeoutMs,
    createStore: (onLost) => createStore(settings, onLost),
  });
}

function createStore(settings: EthernetIpSettings, onLost: (cause: unknown) => void): WordStore {
  let library: Library | null = null;
  let controller: Controller | null = null;
  const { program, name } = splitTag(settings.tag);

  const openTag = (address: number) => {
    if (!library || !controller) throw new Error("not connected");
    const tag = new library.Tag(`${name}[${address}]`, program ?? undefined, intType);
    return { tag, link: controller };
  };

  return {
    connect: async () => {
      library = await import("st-ethernet-ip");
      controller = new library.Controller(true);
      await openSession(library, controller, settings, onLost);
    },
    read: async (address, count) => {
      const { tag, link } = openTag(address);
      const data = await ask(link, "Read Tag", tag.generateReadMessageRequest(count));
      tag.parseReadMessageResponse(data);
      const value: unknown = tag.controller_value;
      return readInts(value);
    },
    write: async (address, values) => {
      const { tag, link } = openTag(address);
      const signed = values.map((word) => (word << 16) >> 16);
      await ask(link, "Write Tag", tag.generateWriteMessageRequest(signed, signed.length));
    },
    close: async () => {
      controller?.removeAllListeners();
      controller?.on("error", () => undefined);
      controller?.destroy();
    },
  };
}

function splitTag(tag: string): { readonly program: string | null; readonly name: string } {
  const match = /^Program:([^.]+)\.(.+)$/.exec(tag);
  return match ? { program: match[1] ?? null, name: match[2] ?? tag } : { program: null, name: tag };
}

function readInts(value: unknown): readonly number[] {
  const words: unknown[] = Array.isArray(value) ? value : [value];
  return words.map((word) => {
    if (typeof word !== "number" || !Number.isInteger(word)) throw new Error("the tag is no array of INT");
    return word & 0xffff;
  });
}

/** The library's own waiting leaves a timer behind for each request; this one is timed by the gateway. */
function ask(controller: Controller, event: string, request: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    controller.removeAllListeners(event);
    controller.once(event, (error: { readonly generalStatusCode?: number } | null, data: Buffer) => {
      if (error) reject(new Error(`${event}: CIP status ${error.generalStatusCode}`));
      else resolve(data);
    });
    controller.write_cip(request);
  });
}

/** What the library's connect() does, with a port, without its timers, and with every error heard. */
async function openSession(
  library: Library,
  controller: Controller,
  settings: EthernetIpSettings,
  onLost: (cause: unknown) => void,
): Promise<void> {
  const { CIP, encapsulation } = library.EthernetIP;
  guardController(controller, onLost);
  controller.timeout_sp = settings.connectTimeoutMs;
  controller.state.controller.path = CIP.EPATH.segments.PORT.build(1, settings.slot);
  const registered = new Promise<void>((resolve, reject) => {
    controller.once("error", reject);
    controller.once("close", () => reject(new Error("closed")));
    controller.once("Session Registered", () => resolve());
  });
  const address = { host: settings.host, port: settings.port, noDelay: true };
  // the library's own connect() knows one port only
  Reflect.apply(Socket.prototype.connect, controller, [address]);
  controller.once("connect", () => controller.write(encapsulation.registerSession()));
  await registered;
  controller._initializeControllerEventHandlers();
  await controller.forwardOpen();
}

/**
 * The library takes every data event for one whole packet, throws out of socket handlers, writes to sockets that
 * are gone while destroying them, and gives a late answer to the next question. None of that may happen here.
 */
function guardController(controller: Controller, onLost: (cause: unknown) => void): void {
  const framer = createEncapsulationFramer();
  const { _handleDataEvent: handle } = controller;
  controller.destroy = (error) => {
    Reflect.apply(Socket.prototype.destroy, controller, [error]);
    return controller;
  };
  controller.removeAllListeners("data");
  const handlePacket = (packet: Uint8Array) => {
    const bytes = Buffer.from(packet);
    const command = bytes.readUInt16LE(0);
    const status = bytes.readUInt32LE(8);
    try {
      if (status !== 0) throw new Error(`encapsulation status ${status}`);
      // each answer repeats its question's number; a repeated or late one answers nothing
      const isStray =
        command === sendUnitData &&
        bytes.readUInt16LE(sequenceOffset) !== controller.state.connection.seq_num;
      if (!isStray) handle.call(controller, bytes);
    } catch (error) {
      onLost(error);
    }
  };
  controller.on("data", (data: Uint8Array) =>
    framer.push(data, { onFrame: handlePacket, onRefused: (reason) => onLost(new Error(reason)) }),
  );
  controller.on("error", onLost);
  controller.on("close", () => onLost(new Error("the PLC closed the connection")));
}

const knownCommands = new Set([0x04, 0x63, 0x64, 0x65, 0x66, 0x6f, sendUnitData]);

function createEncapsulationFramer() {
  return createLengthFramer({
    headerBytes,
    limitBytes: 4096,
    frameLength: (header) => {
      const command = (header[0] ?? 0) | ((header[1] ?? 0) << 8);
      const length = (header[2] ?? 0) | ((header[3] ?? 0) << 8);
      return knownCommands.has(command) ? headerBytes + length : null;
    },
  });
}
