import { z } from "zod";

const port = z.int().min(1).max(65_535);
const host = z.string().min(1).max(255);
const tsap = z.string().regex(/^[0-9a-fA-F]{4}$/);

/** What every PLC gateway has: the registers the station may write, and how long a call may take. */
const gateway = {
  writable: z
    .array(z.strictObject({ address: z.int().min(0).max(65_535), count: z.int().min(1).max(123) }))
    .max(16)
    .default([{ address: 0, count: 8 }]),
  connectTimeoutMs: z.int().min(100).max(60_000).default(5000),
  requestTimeoutMs: z.int().min(20).max(10_000).default(1000),
};

/** Siemens: registers are words of one data block. S7-1200/1500: PUT/GET permitted, block access not optimised. */
const s7 = z.strictObject({
  type: z.literal("s7"),
  host,
  port: port.default(102),
  rack: z.int().min(0).max(7).default(0),
  slot: z.int().min(0).max(31).default(1),
  tsap: z.strictObject({ local: tsap, remote: tsap }).optional(),
  db: z.int().min(1).max(65_535),
  startByte: z.int().min(0).max(65_534).default(0),
  ...gateway,
});

/** Rockwell: registers are elements of one INT array. */
const ethernetIp = z.strictObject({
  type: z.literal("ethernet-ip"),
  host,
  port: port.default(44_818),
  slot: z.int().min(0).max(31).default(0),
  tag: z.string().regex(/^(Program:\w{1,40}\.)?\w{1,40}(\.\w{1,40})*$/),
  ...gateway,
});

/** Any PLC with an OPC UA server: one UInt16 array, or a node for each register ("{register}" in its name). */
const opcUa = z.strictObject({
  type: z.literal("opc-ua"),
  endpoint: z
    .string()
    .regex(/^opc\.tcp:\/\/\S+$/)
    .max(512),
  node: z.string().min(3).max(512),
  securityMode: z.enum(["None", "Sign", "SignAndEncrypt"]).default("None"),
  securityPolicy: z
    .enum(["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"])
    .default("None"),
  user: z.strictObject({ name: z.string(), password: z.string() }).optional(),
  certificate: z.strictObject({ file: z.string(), privateKeyFile: z.string() }).optional(),
  ...gateway,
});

export const plcConnections = [s7, ethernetIp, opcUa] as const;
