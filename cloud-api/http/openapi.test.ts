import SwaggerParser from "@apidevtools/swagger-parser";
import { expect, test } from "vitest";
import { type Access, routeAccess } from "../test-support/route-access.ts";
import { describeOnEachDatabase } from "../test-support/test-cloud.ts";
import { describeApi } from "./openapi.ts";

type Operation = {
  readonly security?: readonly Record<string, unknown>[];
  readonly responses: Record<string, unknown>;
};
const operations = (): Map<string, Operation> =>
  new Map(
    Object.entries(describeApi().paths ?? {}).flatMap(([path, methods]) =>
      Object.entries(methods as Record<string, Operation>).map(([method, operation]): [string, Operation] => [
        `${method.toUpperCase()} ${path.replaceAll(/\{(\w+)\}/g, ":$1")}`,
        operation,
      ]),
    ),
  );

describeOnEachDatabase("the API's document", (cloud, kind) => {
  test("names every route of the app, and no other", () => {
    const routes = cloud()
      .app.routes.filter(({ method }) => method !== "ALL")
      .map(({ method, path }) => `${method} ${path}`);
    expect([...operations().keys()].toSorted()).toEqual([...new Set(routes)].toSorted());
  });

  test.skipIf(kind === "postgres")("is served with its page, from here alone", async () => {
    const served = await (await cloud().app.request("/openapi.json")).json();
    expect(served).toEqual(JSON.parse(JSON.stringify(describeApi())));
    const page = await cloud().app.request("/docs");
    const policy = page.headers.get("content-security-policy") ?? "";
    const html = await page.text();
    const nonce = /nonce="([^"]+)"/.exec(html)?.[1] ?? "none";
    expect(policy).toContain(`'nonce-${nonce}'`);
    expect(policy).not.toMatch(/unsafe|https?:/);
    expect(html).not.toMatch(/https?:\/\//);
    for (const [, name] of html.matchAll(/(?:src|href)="\/docs\/([^"]+)"/g)) {
      const file = await cloud().app.request(`/docs/${name}`);
      expect([name, file.status]).toEqual([name, 200]);
      expect(file.headers.get("content-type")).toMatch(/javascript|css/);
    }
    for (const hostile of ["package.json", "..%2fpackage.json", "%2e%2e/package.json", "index.html"])
      expect((await cloud().app.request(`/docs/${hostile}`)).status).toBe(404);
  });
});

test("is a valid OpenAPI 3.1 document", async () => {
  const document = JSON.parse(JSON.stringify(describeApi()));
  await SwaggerParser.validate(document);
  expect(document.openapi).toBe("3.1.0");
  const ids = [...operations().values()].map(
    (operation) => (operation as { operationId?: string }).operationId,
  );
  expect(new Set(ids).size).toBe(ids.length);
});

test("asks for a token wherever the app does", () => {
  const told = (access: Access): boolean => access !== "anyone";
  for (const [route, operation] of operations()) {
    const access = routeAccess[route];
    if (access === undefined) throw new Error(`${route} is in no table`);
    expect([route, (operation.security ?? []).length > 0]).toEqual([route, told(access)]);
  }
});
