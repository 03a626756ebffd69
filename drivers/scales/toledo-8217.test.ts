import { expect, test } from "vitest";
import { parse8217Reply } from "./toledo-8217.ts";

const replyTo = (status: number) => parse8217Reply(Uint8Array.of(0x3f, status), "kg").reply;

test("unchanged is a status without any flag, whatever the bits above say; near zero or out of reach is not", () => {
  expect([0x40, 0x60, 0x20, 0xe0].map(replyTo)).toEqual(new Array(4).fill("unchanged"));
  // outside the range of zero, at zero, in motion, in motion and over
  expect([0x68, 0x50, 0x61, 0x63].map(replyTo)).toEqual(new Array(4).fill("unsettled"));
  expect([0x62, 0x64].map(replyTo)).toEqual(["weight", "weight"]);
});
