import { connect, type Socket } from "node:net";
import { StatusCodes, Variant } from "node-opcua-client";
import { OPCUAServer } from "node-opcua-server";
import { z } from "zod";
import { openTcpPipe, type Pipe, type PipeClient } from "../../transport/pipe.ts";
import { createFaultyLine } from "../faults.ts";
import { createPlcProgram, type PlcProgram, plcOptionsSchema } from "../plc-program.ts";
import { beltCommandSchema, type SorterTwinState } from "../sorter-belt.ts";
import { createControl, type Twin, type TwinDeps } from "../twin.ts";

const optionsSchema = z.strictObject({
  ...plcOptionsSchema.shape,
  nodeName: z.string().default("Sorter"),
});

const uint16 = 5;
const array = 1;
const securityNone = { mode: 1, policy: "http://opcfoundation.org/UA/SecurityPolicy#None" };

/** An independent OPC UA server with the PLC's words as one UInt16 array; faults happen on the way to it. */
export async function startOpcUaSorterTwin(
  input: z.input<typeof optionsSchema> = {},
  deps: TwinDeps = {},
): Promise<Twin<SorterTwinState>> {
  const options = optionsSchema.parse(input);
  const line = createFaultyLine();
  const program = createPlcProgram(options, deps);
  let server: OPCUAServer | null = null;
  const pipe = await openProxy(line.send, options.port, () => server?.endpoints[0]?.port ?? 0);
  if (pipe.connection.type !== "tcp") throw new Error("a PLC is reached over TCP");
  const endpoint = `opc.tcp://127.0.0.1:${pipe.connection.port}`;
  server = await startServer(endpoint);
  const node = showWords(server, program, options.nodeName);
  const started = server;
  return {
    connection: {
      type: "opc-ua",
      endpoint,
      node,
      securityMode: "None",
      securityPolicy: "None",
      writable: [{ address: 0, count: 8 }],
      connectTimeoutMs: 5000,
      requestTimeoutMs: 1000,
    },
    state: program.state,
    control: createControl({ line, pipe, schema: beltCommandSchema, perform: program.perform }),
    stop: async () => {
      program.stop();
      await pipe.stop();
      await started.shutdown(0);
    },
  };
}

async function startServer(endpoint: string): Promise<OPCUAServer> {
  const server = new OPCUAServer({
    port: 0,
    host: "127.0.0.1",
    advertisedEndpoints: [endpoint],
    allowAnonymous: true,
    securityModes: [securityNone.mode],
    securityPolicies: [securityNone.policy as never],
    maxConnectionsPerEndpoint: 100,
  });
  await server.initialize();
  await server.start();
  return server;
}

function showWords(server: OPCUAServer, program: PlcProgram, nodeName: string): string {
  const space = server.engine.addressSpace;
  if (!space) throw new Error("the server has no address space");
  const readAll = () =>
    new Variant({
      dataType: uint16,
      arrayType: array,
      value: Uint16Array.from(program.readWords(0, program.size) ?? []),
    });
  const variable = space.getOwnNamespace().addVariable({
    organizedBy: space.rootFolder.objects,
    nodeId: `s=${nodeName}`,
    browseName: nodeName,
    dataType: "UInt16",
    valueRank: 1,
    arrayDimensions: [program.size],
    minimumSamplingInterval: 10,
    accessLevel: "CurrentRead | CurrentWrite",
    userAccessLevel: "CurrentRead | CurrentWrite",
    value: { get: readAll },
  });
  // a bound setter would not be told which part of the array is meant
  Object.assign(variable, {
    writeValue: (
      _: unknown,
      written: { readonly value: { readonly value: ArrayLike<number> } },
      range: { readonly value: unknown } | null,
      done: (error: null, status: unknown) => void,
    ) => {
      const isTaken = program.writeWords(readStart(range?.value), Array.from(written.value.value));
      done(null, isTaken ? StatusCodes.Good : StatusCodes.BadIndexRangeNoData);
    },
  });
  return variable.nodeId.toString();
}

/** "5" is a number, "2:7" a pair; no range means the whole. */
function readStart(range: unknown): number {
  const [start] = Array.isArray(range) ? range : [range];
  return typeof start === "number" ? start : 0;
}

/** Whoever comes is passed on to the server inside; what the server says passes the fault line. */
function openProxy(
  send: (bytes: Uint8Array, send: (bytes: Uint8Array) => void) => void,
  port: number,
  innerPort: () => number,
): Promise<Pipe> {
  const inner = new Map<PipeClient, Socket>();
  return openTcpPipe(
    {
      onOpen: (client) => {
        const socket = connect({ host: "127.0.0.1", port: innerPort(), noDelay: true });
        socket.on("error", () => undefined);
        socket.on("data", (bytes) => send(bytes, client.send));
        inner.set(client, socket);
      },
      onClose: (client) => {
        inner.get(client)?.destroy();
        inner.delete(client);
      },
      onData: (bytes, client) => void inner.get(client)?.write(bytes),
    },
    { port },
  );
}
