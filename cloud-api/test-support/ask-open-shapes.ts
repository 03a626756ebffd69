import { expect } from "vitest";
import { type OpenShapes, openShapes } from "./open-shapes.ts";
import type { WireMessage } from "./strict-rows.ts";
import type { TestCloud } from "./test-cloud.ts";

export type Answer = {
  status: number;
  headers: Record<string, string>;
  messages: WireMessage[];
  body: unknown;
  next: { handle: string; offset: string };
};

export async function read(response: Response): Promise<Answer> {
  const text = await response.text();
  const body: unknown = text.startsWith("[") || text.startsWith("{") ? JSON.parse(text) : text;
  const headers = Object.fromEntries(response.headers);
  const next = { handle: headers["electric-handle"] ?? "", offset: headers["electric-offset"] ?? "" };
  return { status: response.status, headers, messages: Array.isArray(body) ? body : [], body, next };
}

export const control = (answer: Answer): unknown => answer.messages.at(-1)?.headers.control;
export const values = (answer: Answer): unknown[] =>
  answer.messages.flatMap(({ value }) => (value === undefined ? [] : [value]));

export async function withShapes(
  cloud: TestCloud,
  options: Parameters<typeof openShapes>[1],
  check: (
    shapes: OpenShapes,
    ask: (query: Record<string, string>, init?: RequestInit) => Promise<Answer>,
  ) => Promise<void>,
): Promise<void> {
  const shapes = await openShapes(cloud.database, options);
  try {
    await check(shapes, async (query, init) => read(await shapes.get({ offset: "-1", ...query }, init)));
    expect(shapes.errors).toEqual([]);
  } finally {
    await shapes.stop();
  }
}
