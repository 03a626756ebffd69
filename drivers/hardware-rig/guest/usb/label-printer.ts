import { type PluggedDevice, plugUsbDevice, type UsbDevice } from "./plug-usb-device.ts";

const outEndpoint = 0x01;
const inEndpoint = 0x02;
const deviceId = Buffer.from("MFG:Zebra;CMD:ZPL;MDL:ZD421;CLS:PRINTER;", "latin1");

const statusReply = [
  "\x02030,0,0,0245,000,0,0,0,000,0,0,0\x03\r\n",
  "\x02000,0,0,0,0,2,4,0,00000000,1,000\x03\r\n",
  "\x021234,0\x03\r\n",
].join("");

/** A ZPL printer of USB class 7 (printer class 1.1) with a label counter that survives the cable. */
export function createLabelPrinter(serialNumber: string) {
  let plugged: PluggedDevice | null = null;
  let received = "";
  let unread = "";
  let odometer = 100;
  let takesBytes = Number.POSITIVE_INFINITY;
  let isHalving = false;

  const reply = (text: string) => {
    const sent = isHalving ? text.slice(0, text.length / 2) : text;
    plugged?.send(inEndpoint, Buffer.from(sent, "latin1"));
  };
  const understand = () => {
    const word = /~HS|! U1 getvar "odometer.total_label_count"|\^XZ/.exec(unread);
    if (!word) return false;
    unread = unread.slice(word.index + word[0].length);
    if (word[0] === "~HS") reply(statusReply);
    else if (word[0] === "^XZ") odometer += 1;
    else reply(`"${odometer}"`);
    return true;
  };

  const device: UsbDevice = {
    identity: {
      vendorId: 0x0a5f,
      productId: 0x0185,
      manufacturer: "Zebra Technologies",
      product: "ZTC ZD421-203dpi ZPL",
      serialNumber,
      interfaceClass: [7, 1, 2],
      endpoints: [
        { address: outEndpoint, type: "bulk", packetBytes: 512 },
        { address: 0x80 | inEndpoint, type: "bulk", packetBytes: 512 },
      ],
    },
    onControl: ({ requestType, request }) => {
      if (requestType === 0xa1 && request === 0) return Buffer.from([0, deviceId.length + 2, ...deviceId]);
      // not an error, selected, paper there
      if (requestType === 0xa1 && request === 1) return Uint8Array.of(0x18);
      return request === 2 ? new Uint8Array() : null;
    },
    onOut: (bytes) => {
      if (received.length + bytes.length > takesBytes) return false;
      const text = Buffer.from(bytes).toString("latin1");
      received += text;
      unread += text;
      while (understand());
      return true;
    },
  };

  return {
    plug: async () => {
      received = "";
      unread = "";
      isHalving = false;
      takesBytes = Number.POSITIVE_INFINITY;
      plugged = await plugUsbDevice(device);
    },
    unplug: async () => {
      await plugged?.unplug();
      plugged = null;
    },
    /** Everything since it was plugged in. */
    received: () => received,
    odometer: () => odometer,
    /** From now on only the first half of every answer. */
    halveReplies: () => {
      isHalving = true;
    },
    /** Takes so many bytes more and then no further ones. */
    stuffAfter: (moreBytes: number) => {
      takesBytes = received.length + moreBytes;
    },
  };
}
