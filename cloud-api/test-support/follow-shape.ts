import { type Offset, Shape, ShapeStream } from "@electric-sql/client";

export type Row = Record<string, string>;
const asText = (value: string): string => value;

/** Follows a shape with the official client; `requests` lists what it asked. */
export function followShape(
  url: string,
  token: string,
  table: string,
  at?: { handle: string; offset: Offset },
) {
  const abort = new AbortController();
  const requests: URL[] = [];
  const stream = new ShapeStream<Row>({
    url: `${url}/v1/shape`,
    params: { table, replica: "full" },
    headers: { authorization: `Bearer ${token}` },
    parser: { int8: asText },
    signal: abort.signal,
    fetchClient: (input, init) => {
      requests.push(new URL(String(input)));
      return fetch(input, init);
    },
    ...(at ?? {}),
  });
  // The client's own classes disagree under exactOptionalPropertyTypes.
  return {
    stream,
    shape: new Shape<Row>(stream as unknown as ConstructorParameters<typeof Shape<Row>>[0]),
    requests,
    stop: () => abort.abort(),
  };
}
