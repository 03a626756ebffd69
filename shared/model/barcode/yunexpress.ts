import { type Candidate, type Format, readFormats } from "./format.ts";

/** No check digit is published. */
const formats: readonly Format[] = [{ name: "YunExpress", shape: /^YT\d{16}$/, evidence: "prefix" }];

export function readYunExpress(data: string): Candidate[] {
  return readFormats("yunexpress", formats, data);
}
