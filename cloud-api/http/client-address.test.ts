import { Hono } from "hono";
import { expect, test } from "vitest";
import { clientAddress } from "./client-address.ts";

async function read(address: string, forwarded: string | null, proxyHops: number): Promise<string> {
  const app = new Hono().get("/", (context) => context.text(clientAddress(context, proxyHops)));
  const headers: Record<string, string> = forwarded === null ? {} : { "x-forwarded-for": forwarded };
  const socket = { remoteAddress: address, remotePort: 1, remoteFamily: "IPv4" };
  const response = await app.request("/", { headers }, { incoming: { socket } });
  return response.text();
}

test("without a proxy of ours the header counts for nothing", async () => {
  expect(await read("192.0.2.1", "203.0.113.9", 0)).toBe("192.0.2.1");
  expect(await read("::ffff:192.0.2.1", null, 0)).toBe("192.0.2.1");
});

test("behind proxies it is what the outermost of them wrote, whatever stands before it", async () => {
  expect(await read("127.0.0.1", "1.1.1.1, 2.2.2.2, 203.0.113.9", 1)).toBe("203.0.113.9");
  expect(await read("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.0.0.1", 2)).toBe("203.0.113.9");
  expect(await read("127.0.0.1", null, 1)).toBe("unknown");
});

test("addresses of one IPv6 network are one", async () => {
  const first = await read("2001:db8:1:2:3:4:5:6", null, 0);
  expect(await read("2001:db8:1:2::9", null, 0)).toBe(first);
  expect(await read("2001:db8:1:3::9", null, 0)).not.toBe(first);
});
