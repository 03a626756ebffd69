/** nodes7 0.3.18 brings no types. Only what the gateway uses; methods marked "inner" are not documented. */
declare module "nodes7" {
  import type { Socket } from "node:net";

  type Parameters = {
    readonly host: string;
    readonly port: number;
    readonly rack: number;
    readonly slot: number;
    readonly timeout: number;
    readonly localTSAP?: number;
    readonly remoteTSAP?: number;
  };

  class NodeS7 {
    constructor(options: { readonly silent: boolean; readonly debug?: boolean });
    initiateConnection(parameters: Parameters, onDone: (error?: unknown) => void): void;
    addItems(address: string): void;
    removeItems(): void;
    readAllItems(onDone: (isBad: boolean, values: Readonly<Record<string, unknown>>) => void): void;
    /** 1: refused, a write is out already. */
    writeItems(address: string, values: readonly number[] | number, onDone: (isBad: boolean) => void): number;
    dropConnection(onDone: () => void): void;

    /** inner */
    isoclient?: Socket;
    isoConnectionState: number;
    resetTimeout?: NodeJS.Timeout;
    connectError(error: unknown): void;
    readWriteError(error: unknown): void;
    packetTimeout(kind: string, sequence?: number): void;
    onClientDisconnect(): void;
    connectionReset(): void;
    connectionCleanup(): void;
    connectNow(parameters: Parameters): void;
    onISOConnectReply(data: Uint8Array): void;
    onPDUReply(data: Uint8Array): void;
    onResponse(data: Uint8Array): void;
    reconnectTimer?: NodeJS.Timeout;
    rereadTimer?: NodeJS.Timeout;
  }
  export = NodeS7;
}
