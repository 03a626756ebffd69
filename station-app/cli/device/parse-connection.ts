import { type Connection, connectionSchema } from "@waystation/drivers/transport/connection";
import { fail, type Result, succeed } from "@waystation/shared/failures/result";
import { describeInputIssue } from "../read-input.ts";

export const connectionHelp = `
A connection is one of
  tcp:HOST:PORT           the device listens          serial:PATH[@BAUD]        a port or a stable name of one
  tcp-server:HOST:PORT    the device calls us         hid:VENDOR:PRODUCT[:SERIAL]   four hexadecimal digits each
  spooler:NAME            a queue of the system       usb:VENDOR:PRODUCT[:SERIAL]
or the JSON object of the station's configuration, e.g. '{"type":"serial","path":"/dev/ttyUSB0","parity":"even"}'.`;

type Parse = (rest: string) => unknown;

const splitHost = (rest: string) => {
  const at = rest.lastIndexOf(":");
  return { host: rest.slice(0, at).replace(/^\[|\]$/g, ""), port: Number(rest.slice(at + 1)) };
};

const splitUsb = (rest: string) => {
  const [vendorId = "", productId = "", ...serial] = rest.split(":");
  const serialNumber = serial.join(":");
  return {
    vendorId: Number.parseInt(vendorId, 16),
    productId: Number.parseInt(productId, 16),
    ...(serialNumber === "" ? {} : { serialNumber }),
  };
};

const forms: ReadonlyMap<string, Parse> = new Map<string, Parse>([
  ["tcp", splitHost],
  ["tcp-server", splitHost],
  [
    "serial",
    (rest) => {
      const [, path, baudRate] = /^(.*?)(?:@(\d+))?$/.exec(rest) ?? [];
      return { path, ...(baudRate === undefined ? {} : { baudRate: Number(baudRate) }) };
    },
  ],
  ["hid", splitUsb],
  ["usb", splitUsb],
  ["spooler", (rest) => ({ printer: rest })],
]);

/** What a person wrote behind --connection. Failure request.invalid says which form was meant and what is wrong. */
export function parseConnection(text: string): Result<Connection> {
  const value = readForm(text);
  if (value === null) {
    return fail("request.invalid", {
      reason: `--connection "${text}": say tcp:HOST:PORT, serial:PATH, hid:VENDOR:PRODUCT … or a JSON object`,
    });
  }
  const parsed = connectionSchema.safeParse(value);
  if (parsed.success) return succeed(parsed.data);
  return fail("request.invalid", { reason: `--connection "${text}": ${describeInputIssue(parsed.error)}` });
}

function readForm(text: string): object | null {
  if (text.startsWith("{")) return parseObject(text);
  const at = text.indexOf(":");
  const type = text.slice(0, at);
  const parse = forms.get(type);
  return parse === undefined ? null : { type, ...(parse(text.slice(at + 1)) as object) };
}

function parseObject(text: string): object | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" ? value : null;
  } catch {
    return null;
  }
}

/** Back to the short form where there is one, for a person to copy. */
export function writeConnection(connection: Connection): string {
  if (connection.type === "tcp" || connection.type === "tcp-server")
    return `${connection.type}:${connection.host}:${connection.port}`;
  if (connection.type === "serial" && connection.dataBits === undefined && connection.parity === undefined)
    return `serial:${connection.path}${connection.baudRate === undefined ? "" : `@${connection.baudRate}`}`;
  return `'${JSON.stringify(connection)}'`;
}
