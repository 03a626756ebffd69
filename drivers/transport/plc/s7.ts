import type NodeS7 from "nodes7";
import { createLengthFramer } from "../../framing/length.ts";
import type { Transport } from "../transport.ts";
import { createGatewayTransport, type WordStore, type WritableRange } from "./gateway.ts";

export type S7Settings = {
  readonly host: string;
  readonly port: number;
  readonly rack: number;
  readonly slot: number;
  /** Both or none, as four hex digits; a LOGO! or a router wants its own instead of rack and slot. */
  readonly tsap?: { readonly local: string; readonly remote: string } | undefined;
  readonly db: number;
  /** Where register 0 lies in the data block. */
  readonly startByte: number;
  readonly writable: readonly WritableRange[];
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
};

/** Register n is the big-endian word at startByte + 2n of a data block that is not optimised. */
export function createS7Transport(settings: S7Settings): Transport {
  return createGatewayTransport({
    address: `${settings.host}:${settings.port} DB${settings.db}`,
    writable: settings.writable,
    connectTimeoutMs: settings.connectTimeoutMs,
    requestTimeoutMs: settings.requestTimeoutMs,
    createStore: (onLost) => createStore(settings, onLost),
  });
}

function createStore(settings: S7Settings, onLost: (cause: unknown) => void): WordStore {
  let client: NodeS7 | null = null;
  const nameWords = (address: number, count: number) =>
    `DB${settings.db},WORD${settings.startByte + address * 2}${count === 1 ? "" : `.${count}`}`;

  const requireClient = () => {
    if (client?.isoConnectionState !== 4) throw new Error("not connected");
    return client;
  };

  return {
    connect: async () => {
      const { default: Client } = await import("nodes7");
      const created = new Client({ silent: true });
      client = created;
      await initiate(created, settings, onLost);
    },
    read: async (address, count) => {
      const name = nameWords(address, count);
      const reader = requireClient();
      reader.removeItems();
      reader.addItems(name);
      return await new Promise((resolve, reject) => {
        reader.readAllItems((isBad, values) => {
          const words = isBad ? null : readWords(values[name], count);
          if (words) resolve(words);
          else reject(new Error(`${name} cannot be read`));
        });
      });
    },
    write: async (address, values) => {
      const name = nameWords(address, values.length);
      const value = values.length === 1 ? (values[0] ?? 0) : values;
      const writer = requireClient();
      await new Promise<void>((resolve, reject) => {
        const refused = () => reject(new Error(`${name} cannot be written`));
        if (writer.writeItems(name, value, (isBad) => (isBad ? refused() : resolve())) !== 0) refused();
      });
    },
    close: async () => {
      if (client) endClient(client);
    },
  };
}

function readWords(value: unknown, count: number): readonly number[] | null {
  const words: unknown[] = Array.isArray(value) ? value : [value];
  const isWord = (word: unknown): word is number => Number.isInteger(word);
  return words.length === count && words.every(isWord) ? words : null;
}

function initiate(client: NodeS7, settings: S7Settings, onLost: (cause: unknown) => void): Promise<void> {
  const { host, port, rack, slot, tsap, requestTimeoutMs } = settings;
  const tsaps = tsap
    ? { localTSAP: Number.parseInt(tsap.local, 16), remoteTSAP: Number.parseInt(tsap.remote, 16) }
    : {};
  return new Promise((resolve, reject) => {
    guardClient(client, onLost);
    const parameters = { host, port, rack, slot, timeout: requestTimeoutMs, noDelay: true, ...tsaps };
    client.initiateConnection(parameters, (error) => {
      if (error) reject(new Error("the PLC refused the connection", { cause: error }));
      else resolve();
    });
  });
}

/**
 * The library takes every data event for one whole telegram, throws out of socket handlers on a damaged one and
 * reconnects by its own timers. Here telegrams are put together first, nothing escapes, and its first trouble
 * is its last.
 */
function guardClient(client: NodeS7, onLost: (cause: unknown) => void): void {
  const { connectNow, onISOConnectReply, onPDUReply, onResponse } = client;
  let attempts = 0;
  const framer = createTpktFramer();

  const answered: number[] = [];
  /** To a repeated answer of a write the library responds by writing again. */
  const isRepeated = (telegram: Uint8Array): boolean => {
    const reference = ((telegram[11] ?? 0) << 8) | (telegram[12] ?? 0);
    const known = answered.includes(reference);
    if (!known && answered.push(reference) > rememberedAnswers) answered.shift();
    return known;
  };

  const handleTelegram = (telegram: Uint8Array) => {
    const handlers = { 2: onISOConnectReply, 3: onPDUReply, 4: onResponse } as const;
    const state = client.isoConnectionState;
    if (state !== 2 && state !== 3 && state !== 4) return;
    if (state === 4 && isRepeated(telegram)) return;
    try {
      handlers[state].call(client, Buffer.from(telegram));
    } catch (error) {
      onLost(error);
    }
    // the library takes its error handlers away for a moment, and for good after a damaged telegram
    if (!client.isoclient?.listeners("error").includes(onLost)) client.isoclient?.on("error", onLost);
  };
  const hear = (data: Uint8Array) =>
    framer.push(data, { onFrame: handleTelegram, onRefused: (reason) => onLost(new Error(reason)) });
  const give = (what: string) => () => onLost(new Error(what));

  Object.assign(client, {
    onISOConnectReply: hear,
    onPDUReply: hear,
    onResponse: hear,
    connectError: onLost,
    readWriteError: onLost,
    packetTimeout: (kind: string) => onLost(new Error(`no answer to ${kind}`)),
    onClientDisconnect: give("the PLC closed the connection"),
    connectionReset: give("the connection is out of step"),
    connectNow: (parameters: Parameters<NodeS7["connectNow"]>[0]) => {
      attempts += 1;
      if (attempts === 1) connectNow.call(client, parameters);
    },
  });
}

const rememberedAnswers = 32;

/** RFC 1006: version 3, a reserved byte, the length of the whole. */
function createTpktFramer() {
  return createLengthFramer({
    headerBytes: 4,
    limitBytes: 4096,
    frameLength: (header) => {
      const length = ((header[2] ?? 0) << 8) | (header[3] ?? 0);
      return header[0] === 3 && header[1] === 0 && length >= 7 ? length : null;
    },
  });
}

function endClient(client: NodeS7): void {
  clearTimeout(client.reconnectTimer);
  clearTimeout(client.rereadTimer);
  clearTimeout(client.resetTimeout);
  client.connectionCleanup();
}
