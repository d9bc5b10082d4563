/** The document and the routes agree, both ways: neither has anything that the other has not. */
import { describe, expect, test } from "bun:test";
import { openApiRoute } from "../../src/http/openapi.ts";
import { Router } from "../../src/http/router.ts";
import { allRoutes } from "../../src/http/routes.ts";
import { HttpWorld } from "../support/http-world.ts";

interface Parameter {
  readonly name: string;
  readonly in: string;
  readonly required: boolean;
}
interface Operation {
  readonly operationId: string;
  readonly parameters: readonly Parameter[];
  readonly requestBody?: { readonly required: boolean };
  readonly responses: Readonly<Record<string, unknown>>;
}
interface Document {
  readonly openapi: string;
  readonly info: { readonly version: string };
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
  readonly components: { readonly schemas: Readonly<Record<string, unknown>> };
}

async function served(): Promise<Document> {
  await using world = await HttpWorld.open();
  return (await world.ask("GET", "/openapi.json")).body as Document;
}

const document = await served();
const operations = Object.entries(document.paths).flatMap(([path, methods]) => {
  return Object.entries(methods).map(([method, operation]) => ({ path, method, operation }));
});

describe("the document", () => {
  test("is OpenAPI 3.1 of this version", () => {
    expect([document.openapi, document.info.version]).toEqual(["3.1.0", "1.2.3"]);
  });

  test("has every route, and every route is in it", () => {
    const routes = allRoutes({ version: "" });
    const expected = routes.map(({ method, at, operation }) => `${method} ${at} ${operation}`);
    const found = operations.map(({ path, method, operation }) => {
      return `${method.toUpperCase()} ${path} ${operation.operationId}`;
    });
    expect(found.sort()).toEqual(expected.sort());
  });

  test("describes the names of each path, and no others", () => {
    for (const { path, operation } of operations) {
      const named = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");
      const described = operation.parameters.filter((each) => each.in === "path");
      expect(described.map(({ name }) => name).sort()).toEqual(named.sort());
      expect(described.every(({ required }) => required)).toBeTrue();
    }
  });

  test("finds each of its paths served, and what it asks for is asked for", async () => {
    await using world = await HttpWorld.open();
    for (const { path, method, operation } of operations) {
      const asked = path.replace(/\{cluster_id\}/, world.clusterId).replaceAll(/\{\w+\}/g, "0");
      const { status, body } = await world.ask(method.toUpperCase(), asked);
      const message = (body as { readonly message?: string } | undefined)?.message ?? "";
      expect([path, status]).not.toEqual([path, 405]);
      expect([path, message.startsWith("there is no such path")]).toEqual([path, false]);
      // Nothing was sent: a body that may be missing is not missed.
      const isAsked = operation.requestBody?.required === true;
      const isRefused = isAsked && status === 415;
      expect([path, Object.keys(operation.responses).includes(String(status))]).toEqual([
        path,
        true,
      ]);
      expect([path, isRefused]).toEqual([path, isAsked]);
    }
  });

  test("refers only to what it defines, and defines only what it refers to", () => {
    const text = JSON.stringify(document);
    const referred = new Set(
      [...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, name]) => name ?? ""),
    );
    expect([...referred].sort()).toEqual(Object.keys(document.components.schemas).sort());
  });
});

test("the document need not be fetched again", async () => {
  await using world = await HttpWorld.open();
  const first = await world.ask("GET", "/openapi.json");
  const tag = first.headers.get("etag") ?? "";
  const again = await world.ask("GET", "/openapi.json", { headers: { "if-none-match": tag } });
  expect([again.status, again.text]).toEqual([304, ""]);
  const head = await world.ask("HEAD", "/openapi.json");
  expect(head.headers.get("content-length")).toBe(String(Buffer.byteLength(first.text)));
});

test("the route that serves it is in it", () => {
  const router = new Router([openApiRoute([], { version: "" })]);
  expect(router.find("GET", "/openapi.json").kind).toBe("route");
});
