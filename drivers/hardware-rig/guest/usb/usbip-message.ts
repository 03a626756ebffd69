/**
 * USB/IP as the kernel's vhci_hcd speaks it (Documentation/usb/usbip_protocol.rst): big-endian headers of 48 bytes,
 * a submit with its outgoing data, an unlink without any.
 */
export type Submit = {
  readonly message: "submit";
  readonly sequence: number;
  readonly isIn: boolean;
  readonly endpoint: number;
  readonly length: number;
  readonly setup: Setup;
  readonly data: Uint8Array;
};
export type Unlink = { readonly message: "unlink"; readonly sequence: number; readonly victim: number };
export type UsbMessage = Submit | Unlink;

/** Setup packet of a control transfer; its numbers are little-endian, as on the wire. */
export type Setup = {
  readonly requestType: number;
  readonly request: number;
  readonly value: number;
  readonly index: number;
  readonly length: number;
};

const headerBytes = 48;
const codes = { submit: 1, unlink: 2, submitted: 3, unlinked: 4 };

export function createMessageReader(onMessage: (message: UsbMessage) => void) {
  let held: Buffer = Buffer.alloc(0);
  return (bytes: Uint8Array) => {
    held = Buffer.concat([held, bytes]);
    while (held.length >= headerBytes) {
      const isSubmit = held.readUInt32BE(0) === codes.submit;
      const dataBytes = isSubmit && held.readUInt32BE(12) === 0 ? held.readUInt32BE(24) : 0;
      const wholeBytes = headerBytes + dataBytes;
      if (held.length < wholeBytes) return;
      const whole = Buffer.from(held.subarray(0, wholeBytes));
      held = held.subarray(wholeBytes);
      onMessage(isSubmit ? readSubmit(whole) : readUnlink(whole));
    }
  };
}

const readSubmit = (whole: Buffer): Submit => ({
  message: "submit",
  sequence: whole.readUInt32BE(4),
  isIn: whole.readUInt32BE(12) === 1,
  endpoint: whole.readUInt32BE(16),
  length: whole.readUInt32BE(24),
  setup: {
    requestType: whole.readUInt8(40),
    request: whole.readUInt8(41),
    value: whole.readUInt16LE(42),
    index: whole.readUInt16LE(44),
    length: whole.readUInt16LE(46),
  },
  data: whole.subarray(headerBytes),
});

const readUnlink = (whole: Buffer): Unlink => ({
  message: "unlink",
  sequence: whole.readUInt32BE(4),
  victim: whole.readUInt32BE(20),
});

/** `length`: bytes taken of an outgoing transfer, or brought by an incoming one. */
export function writeSubmitted(sequence: number, status: number, length: number, data?: Uint8Array): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(codes.submitted, 0);
  header.writeUInt32BE(sequence, 4);
  header.writeInt32BE(status, 20);
  header.writeUInt32BE(length, 24);
  return data ? Buffer.concat([header, data]) : header;
}

export function writeUnlinked(sequence: number, status: number): Buffer {
  const header = Buffer.alloc(headerBytes);
  header.writeUInt32BE(codes.unlinked, 0);
  header.writeUInt32BE(sequence, 4);
  header.writeInt32BE(status, 20);
  return header;
}
