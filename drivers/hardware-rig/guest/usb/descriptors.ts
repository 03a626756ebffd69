import type { Setup } from "./usbip-message.ts";

/** What a USB device says about itself (USB 2.0, chapter 9). One configuration, one interface. */
export type UsbIdentity = {
  readonly vendorId: number;
  readonly productId: number;
  readonly manufacturer: string;
  readonly product: string;
  readonly serialNumber: string;
  /** Class, subclass, protocol. */
  readonly interfaceClass: readonly [number, number, number];
  /** Of the class, between the interface and its endpoints. */
  readonly classDescriptor?: Uint8Array;
  readonly endpoints: readonly Endpoint[];
};
type Endpoint = {
  readonly address: number;
  readonly type: "bulk" | "interrupt";
  readonly packetBytes: number;
};

const types = { device: 1, configuration: 2, string: 3 };
const low = (value: number) => value & 0xff;
const high = (value: number) => value >> 8;

function describeDevice({ vendorId, productId }: UsbIdentity): Uint8Array {
  const ids = [low(vendorId), high(vendorId), low(productId), high(productId), 0, 1];
  const strings = [1, 2, 3];
  return Uint8Array.of(18, types.device, 0x00, 0x02, 0, 0, 0, 64, ...ids, ...strings, 1);
}

function describeConfiguration(identity: UsbIdentity): Uint8Array {
  const classBytes = identity.classDescriptor ?? new Uint8Array();
  const endpoints = identity.endpoints.flatMap(describeEndpoint);
  const length = 9 + 9 + classBytes.length + endpoints.length;
  const selfPowered = 0xc0;
  return Uint8Array.of(
    ...[9, types.configuration, low(length), high(length), 1, 1, 0, selfPowered, 50],
    ...[9, 4, 0, 0, identity.endpoints.length, ...identity.interfaceClass, 0],
    ...classBytes,
    ...endpoints,
  );
}

/** Interval 4 at high speed: asked every millisecond. */
const describeEndpoint = ({ address, type, packetBytes }: Endpoint): number[] => [
  7,
  5,
  address,
  type === "bulk" ? 2 : 3,
  low(packetBytes),
  high(packetBytes),
  type === "bulk" ? 0 : 4,
];

function describeString(identity: UsbIdentity, index: number): Uint8Array {
  if (index === 0) return Uint8Array.of(4, types.string, 0x09, 0x04);
  const text = [identity.manufacturer, identity.product, identity.serialNumber][index - 1] ?? "";
  const bytes = Buffer.from(text, "utf16le");
  return Uint8Array.of(2 + bytes.length, types.string, ...bytes);
}

/** Answers what every device is asked; undefined: not a standard request; null: one it does not know. */
export function answerStandard(identity: UsbIdentity, setup: Setup): Uint8Array | null | undefined {
  const { requestType, request, value } = setup;
  if (requestType === 0x80 && request === 6) {
    if (high(value) === types.device) return describeDevice(identity);
    if (high(value) === types.configuration) return describeConfiguration(identity);
    return high(value) === types.string ? describeString(identity, low(value)) : null;
  }
  if ((requestType & 0x9f) === 0x80 && request === 0) return Uint8Array.of(0, 0);
  // set configuration, set interface, clear feature: nothing to do, but they succeed
  const isSetting = (requestType & 0x60) === 0 && (requestType & 0x80) === 0;
  return isSetting ? new Uint8Array() : undefined;
}
