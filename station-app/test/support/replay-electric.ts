import { readFileSync } from "node:fs";
import { createServer } from "node:http";

type Exchange = {
  /** Parameters the request must have with these values; others do not matter. */
  readonly request: Readonly<Record<string, string>>;
  readonly response: {
    readonly status: number;
    readonly headers: Readonly<Record<string, string>>;
    readonly body: unknown;
  };
};

/**
 * Answers as the exchanges in fixtures/electric say: what is live once and in its order, everything else as often as
 * it is asked, for the client fetches ahead and asks again. A live request beyond them is held, as by a server where
 * nothing changes. `unexpected` has every other request.
 */
export async function replayElectric(tables: readonly string[]) {
  const exchanges = new Map(tables.map((table) => [table, readExchanges(table)]));
  const given = new Set<Exchange>();
  const unexpected: string[] = [];

  /** The one that says most of the request. */
  function choose(query: URLSearchParams): Exchange | undefined {
    const live = query.get("live") === "true";
    return exchanges
      .get(query.get("table") ?? "")
      ?.filter((exchange) => (exchange.request.live === "true") === live && !(live && given.has(exchange)))
      .filter(({ request }) => Object.entries(request).every(([name, value]) => query.get(name) === value))
      .sort((a, b) => Object.keys(b.request).length - Object.keys(a.request).length)[0];
  }

  const server = createServer((request, response) => {
    const query = new URL(request.url ?? "/", "http://localhost").searchParams;
    const found = choose(query);
    if (found !== undefined) {
      given.add(found);
      response.writeHead(found.response.status, found.response.headers);
      response.end(JSON.stringify(found.response.body));
    } else if (query.get("live") !== "true") {
      unexpected.push(query.toString());
      response.writeHead(400).end("{}");
    }
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (typeof address !== "object" || address === null) throw new Error("no address");
  return {
    url: `http://127.0.0.1:${address.port}`,
    unexpected,
    /** Exchanges nobody asked for yet. */
    left: (): number => [...exchanges.values()].flat().length - given.size,
    close: (): Promise<void> =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function readExchanges(table: string): Exchange[] {
  const path = new URL(`../../../fixtures/electric/${table}.json`, import.meta.url);
  return (JSON.parse(readFileSync(path, "utf8")) as { exchanges: Exchange[] }).exchanges;
}
