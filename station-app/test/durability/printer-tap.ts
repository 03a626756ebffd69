import { connect, createServer, type Socket } from "node:net";

/**
 * Stands in the cable to a printer. Armed, it lets the first bytes of the next job through and then swallows
 * everything the station still sends on that connection: what a PC takes with it when it dies in mid-job.
 */
export async function openPrinterTap(printerPort: number) {
  let armed: { readonly afterBytes: number; readonly onCut: () => void } | null = null;
  const sockets = new Set<Socket>();

  const server = createServer({ noDelay: true }, (station) => {
    const printer = connect({ host: "127.0.0.1", port: printerPort, noDelay: true });
    let passed: number | null = null;
    let cut = false;
    for (const socket of [station, printer]) {
      sockets.add(socket);
      socket.on("error", () => undefined);
      socket.on("close", () => sockets.delete(socket));
    }
    station.on("close", () => printer.end());
    printer.on("close", () => station.destroy());
    printer.on("data", (bytes: Buffer) => void station.write(bytes));
    station.on("data", (bytes: Buffer) => {
      if (cut) return;
      if (passed === null && bytes.includes("^XA")) passed = 0;
      const left = armed === null || passed === null ? Number.POSITIVE_INFINITY : armed.afterBytes - passed;
      printer.write(bytes.subarray(0, left));
      if (passed !== null) passed = bytes.includes("^XZ") ? null : passed + bytes.length;
      if (armed === null || left > bytes.length) return;
      cut = true;
      armed.onCut();
      armed = null;
    });
  });
  const port = await new Promise<number>((resolve) => {
    server.listen(0, "127.0.0.1", () => {
      const address = server.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });

  return {
    port,
    cutAfter: (afterBytes: number, onCut: () => void): void => {
      armed = { afterBytes, onCut };
    },
    disarm: (): void => {
      armed = null;
    },
    stop: async () => {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
