import type { Framer } from "../../framing/framer.ts";
import type { Connection } from "../../transport/connection.ts";
import { openTcpPipe, type PipeClient, type PipeEvents } from "../../transport/pipe.ts";
import { createFaultyLine } from "../faults.ts";
import { createPlcProgram, type PlcProgram, type plcOptionsSchema } from "../plc-program.ts";
import { beltCommandSchema, type SorterTwinState } from "../sorter-belt.ts";
import { createControl, type Twin, type TwinDeps } from "../twin.ts";
import type { z } from "zod";

/** One client of a protocol: takes its frames, answers some of them. */
export type FrontClient = (frame: Uint8Array, answer: (bytes: Uint8Array) => void) => void;

/** How a protocol shows the PLC's words. */
export type PlcFront = {
  readonly createFramer: () => Framer;
  readonly createClient: (program: PlcProgram) => FrontClient;
  readonly describeConnection: (host: string, port: number) => Connection;
};

/** The PLC with its belt, behind a protocol of its own over real TCP. */
export async function startPlcTwin(
  front: PlcFront,
  options: z.infer<typeof plcOptionsSchema>,
  deps: TwinDeps,
): Promise<Twin<SorterTwinState>> {
  const line = createFaultyLine();
  const program = createPlcProgram(options, deps);
  const events = serveClients(front, program, line.send);
  const pipe = await (deps.openPipe?.(events) ?? openTcpPipe(events, { port: options.port }));
  if (pipe.connection.type !== "tcp") throw new Error("a PLC is reached over TCP");
  const { host, port } = pipe.connection;
  return {
    connection: front.describeConnection(host, port),
    state: program.state,
    control: createControl({ line, pipe, schema: beltCommandSchema, perform: program.perform }),
    stop: async () => {
      program.stop();
      await pipe.stop();
    },
  };
}

/** Every client with a framer of its own; a stream out of step is simply not answered. */
function serveClients(
  front: PlcFront,
  program: PlcProgram,
  send: (bytes: Uint8Array, send: (bytes: Uint8Array) => void) => void,
): PipeEvents {
  const clients = new Map<PipeClient, (bytes: Uint8Array) => void>();
  return {
    onOpen: (client) => {
      const framer = front.createFramer();
      const serve = front.createClient(program);
      const answer = (bytes: Uint8Array) => send(bytes, client.send);
      const sink = { onFrame: (frame: Uint8Array) => serve(frame, answer), onRefused: () => undefined };
      clients.set(client, (bytes) => framer.push(bytes, sink));
    },
    onClose: (client) => void clients.delete(client),
    onData: (bytes, client) => clients.get(client)?.(bytes),
  };
}
