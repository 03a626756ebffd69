import type {
  ClientSession,
  OPCUAClient,
  ReadValueIdOptions,
  UserIdentityInfo,
  WriteValueOptions,
} from "node-opcua-client";
import type { Transport } from "../transport.ts";
import { createGatewayTransport, type WordStore, type WritableRange } from "./gateway.ts";
import { withTimeout } from "./with-timeout.ts";

export type OpcUaSettings = {
  /** opc.tcp://host:port/path */
  readonly endpoint: string;
  /** One UInt16 array, e.g. `ns=2;s=Sorter`; or one node per register, with {register} for its number. */
  readonly node: string;
  readonly securityMode: "None" | "Sign" | "SignAndEncrypt";
  readonly securityPolicy: "None" | "Basic256Sha256" | "Aes128_Sha256_RsaOaep" | "Aes256_Sha256_RsaPss";
  readonly user?: { readonly name: string; readonly password: string } | undefined;
  /** Of this station, where the PLC's administrator has made one; else the library makes its own. */
  readonly certificate?: { readonly file: string; readonly privateKeyFile: string } | undefined;
  readonly writable: readonly WritableRange[];
  readonly connectTimeoutMs: number;
  readonly requestTimeoutMs: number;
};

type Library = typeof import("node-opcua-client");
type Place = { readonly nodeId: string; readonly indexRange?: string };
type Link = { readonly library: Library; readonly client: OPCUAClient; session: ClientSession | null };

/** The library is large: it is loaded when the first such PLC is opened, and by nobody else. */
export function createOpcUaTransport(settings: OpcUaSettings): Transport {
  return createGatewayTransport({
    address: settings.endpoint,
    writable: settings.writable,
    connectTimeoutMs: settings.connectTimeoutMs,
    requestTimeoutMs: settings.requestTimeoutMs,
    createStore: (onLost) => createStore(settings, onLost),
  });
}

function createStore(settings: OpcUaSettings, onLost: (cause: unknown) => void): WordStore {
  let link: Link | null = null;
  const requireSession = () => {
    if (!link?.session) throw new Error("no session");
    return { library: link.library, session: link.session };
  };

  return {
    connect: async () => {
      const library = await import("node-opcua-client");
      // it would write to our standard output what comes as a failure anyway
      library.setWarningLogger(() => undefined);
      library.setErrorLogger(() => undefined);
      const created: Link = { library, client: createClient(library, settings), session: null };
      link = created;
      for (const event of ["connection_lost", "start_reconnection", "close", "abort"] as const)
        created.client.on(event, () => onLost(new Error(event)));
      await created.client.connect(settings.endpoint);
      created.session = await created.client.createSession(identify(library, settings));
      created.session.on("session_closed", () => onLost(new Error("the PLC closed the session")));
    },
    read: async (address, count) => {
      const { library, session } = requireSession();
      const attributeId = library.AttributeIds.Value;
      const places = locate(settings.node, address, count);
      const asked = places.map((place) => ({ ...toLibrary(place), attributeId }));
      const answers = await session.read(asked);
      return answers.flatMap(({ statusCode, value }) => {
        if (!statusCode.isGood()) throw new Error(`read: ${statusCode.name}`);
        return readWords(value.value);
      });
    },
    write: async (address, values) => {
      const { library, session } = requireSession();
      const places = locate(settings.node, address, values.length);
      const statuses = await session.write(encodeWrites(library, places, values));
      const bad = statuses.find((status) => !status.isGood());
      if (bad) throw new Error(`write: ${bad.name}`);
    },
    close: async () => {
      const closing = link;
      link = null;
      if (closing) await endClient(closing);
    },
  };
}

function createClient(library: Library, settings: OpcUaSettings): OPCUAClient {
  const { certificate } = settings;
  return library.OPCUAClient.create({
    applicationName: "Waystation",
    endpointMustExist: false,
    securityMode: library.MessageSecurityMode[settings.securityMode],
    securityPolicy: library.SecurityPolicy[settings.securityPolicy],
    transportTimeout: settings.requestTimeoutMs,
    // the supervisor connects again, nobody else
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 200 },
    ...(certificate ? { certificateFile: certificate.file, privateKeyFile: certificate.privateKeyFile } : {}),
  });
}

function identify(library: Library, { user }: OpcUaSettings): UserIdentityInfo {
  if (!user) return { type: library.UserTokenType.Anonymous };
  return { type: library.UserTokenType.UserName, userName: user.name, password: user.password };
}

function locate(node: string, address: number, count: number): readonly Place[] {
  if (node.includes("{register}")) {
    return Array.from({ length: count }, (_, step) => ({
      nodeId: node.replace("{register}", String(address + step)),
    }));
  }
  return [{ nodeId: node, indexRange: count === 1 ? `${address}` : `${address}:${address + count - 1}` }];
}

/** A range may be given as text, which the library's types do not say. */
const toLibrary = ({ nodeId, indexRange }: Place): Pick<ReadValueIdOptions, "nodeId" | "indexRange"> =>
  indexRange === undefined ? { nodeId } : { nodeId, indexRange: indexRange as never };

function encodeWrites(
  library: Library,
  places: readonly Place[],
  values: readonly number[],
): WriteValueOptions[] {
  const { AttributeIds, DataType, VariantArrayType } = library;
  return places.map((place, step) => {
    const isArray = place.indexRange !== undefined;
    const value = {
      dataType: DataType.UInt16,
      arrayType: isArray ? VariantArrayType.Array : VariantArrayType.Scalar,
      value: isArray ? Uint16Array.from(values) : (values[step] ?? 0),
    };
    return { ...toLibrary(place), attributeId: AttributeIds.Value, value: { value } };
  });
}

/** A scalar, an ordinary array or a typed one. */
function readWords(value: unknown): readonly number[] {
  const words: readonly unknown[] =
    value instanceof Uint16Array ? [...value] : Array.isArray(value) ? value : [value];
  return words.map((word) => {
    if (typeof word !== "number" || !Number.isInteger(word) || word < 0 || word > 0xffff)
      throw new Error("the node holds no UInt16");
    return word;
  });
}

const goodbyeTimeoutMs = 500;

/** First politely, so that the PLC frees the session; then without asking. */
async function endClient({ client, session }: Link): Promise<void> {
  client.removeAllListeners();
  session?.removeAllListeners();
  const goodbye = async () => {
    await session?.close().catch(() => undefined);
    await client.disconnect();
  };
  await withTimeout(goodbye(), goodbyeTimeoutMs, "goodbye").catch(() =>
    client.disconnect().catch(() => undefined),
  );
}
