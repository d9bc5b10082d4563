import { describe, expect, test } from "bun:test";
import { HttpError } from "../../src/http/errors.ts";
import { json, noContent, type Reply } from "../../src/http/reply.ts";
import {
  anyType,
  type Body,
  type Inbound,
  jsonBody,
  route,
  type Route,
  streamBody,
} from "../../src/http/route.ts";
import { list, object, optional, text, whole } from "../../src/http/schema.ts";
import type { System } from "../../src/http/services.ts";
import { Budget } from "../../src/net/budget.ts";
import { ManualClock } from "../fake/clock.ts";

const budget = new Budget(1_000_000);
const system = { budget, clock: new ManualClock(), services: null } as unknown as System;

interface Asked {
  readonly path?: Readonly<Record<string, string>>;
  readonly query?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Asks a route; the JSON that it answers, or status and message. */
async function ask(one: Route, { path = {}, query = "", headers = {}, body }: Asked = {}) {
  const length = body === undefined ? {} : { "content-length": String(body.length) };
  const sent: Readonly<Record<string, string>> = { ...length, ...headers };
  const request: Inbound = {
    method: one.method,
    url: new URL(`http://127.0.0.1/${query}`),
    header: (name) => sent[name] ?? null,
    headerNames: () => Object.keys(sent),
    body: {
      stream: () => new Response(body).body as ReadableStream<Uint8Array> | null,
      atOnce: () => new Response(body).bytes(),
    },
    system,
    hasRoom: () => true,
    onEnd: () => () => {},
  };
  const reply: Reply | HttpError = await one.answer(request, new Map(Object.entries(path)));
  if (reply instanceof HttpError) return `${reply.status} ${reply.message}`;
  return reply.content.kind === "json" ? reply.content.value : reply.status;
}

const common = { operation: "x", tag: "topics", summary: "" } as const;

const echo = route({
  ...common,
  method: "GET",
  at: "/{id}",
  path: { id: whole({ min: 0 }) },
  query: { limit: optional(whole()), name: optional(list(text())) },
  headers: { "x-one": optional(text()) },
  answers: { 200: { doc: "", type: object({}), mediaTypes: ["application/json", "text/plain"] } },
  handle: ({ path, query, headers, accepted }) => json({ path, query, headers, accepted }),
});

describe("a handler", () => {
  test("gets what was asked, checked and typed", async () => {
    const headers = { "x-one": "1", accept: "text/plain" };
    expect(
      await ask(echo, { path: { id: "7" }, query: "?limit=3&name=a&name=b", headers }),
    ).toEqual({
      path: { id: 7 },
      query: { limit: 3, name: ["a", "b"] },
      headers: { "x-one": "1" },
      accepted: "text/plain",
    });
  });

  test.each<[string, Asked, string]>([
    ["a path", { path: { id: "x" } }, '404 path: id: "x" can\'t be; a whole number from 0 to'],
    ["a query", { query: "?limit=x" }, '400 query: limit: "x" can\'t be; a whole number'],
    [
      "an unknown query",
      { query: "?limt=1" },
      "400 there is no query parameter of that name; known are limit, name",
    ],
    [
      "Accept",
      { headers: { accept: "image/png" } },
      "406 this can be had as application/json, text",
    ],
  ])("is not asked where %s is wrong", async (_, asked, expected) => {
    expect(await ask(echo, { path: { id: "1" }, ...asked })).toStartWith(expected);
  });
});

const taking = <B>(body: Body<B>): Route =>
  route({
    ...common,
    method: "POST",
    at: "/",
    body,
    answers: { 200: { doc: "", type: object({}) } },
    handle: ({ body: sent }) => json({ sent }),
  });

describe("a JSON body", () => {
  const one = taking(jsonBody(object({ a: whole() })));
  const type = { "content-type": "application/json; charset=utf-8" };

  test("is read, and nothing of it is held afterwards", async () => {
    expect(await ask(one, { body: '{"a":1}', headers: type })).toEqual({ sent: { a: 1 } });
    expect(budget.used).toBe(0);
  });

  test.each<[string, Asked, string]>([
    ["no type", { body: "{}" }, "415 the Content-Type has to be application/json"],
    [
      "a form",
      { body: "a=1", headers: { "content-type": "application/x-www-form-urlencoded" } },
      "415",
    ],
    ["nothing", { headers: type }, "400 this is no JSON"],
    ["no JSON", { body: "{", headers: type }, "400 this is no JSON"],
    ["other JSON", { body: '{"a":"1"}', headers: type }, '422 a: "1" can\'t be; a whole number'],
    ["a coding", { body: "{}", headers: { ...type, "content-encoding": "br" } }, "415 Content-Enc"],
  ])("is refused with %s", async (_, asked, expected) => {
    expect(await ask(one, asked)).toStartWith(expected);
    expect(budget.used).toBe(0);
  });
});

test("a streamed body is the handler's to read and to end", async () => {
  const one = route({
    ...common,
    method: "POST",
    at: "/",
    body: streamBody([anyType], null),
    answers: { 200: { doc: "", type: object({}) } },
    handle: async ({ body }) => {
      const bytes = await body.whole();
      body.end();
      return json({ length: bytes instanceof HttpError ? -1 : bytes.length });
    },
  });
  expect(await ask(one, { body: "abc" })).toEqual({ length: 3 });
  expect(budget.used).toBe(0);
});

test("a route without a body does not look at what is sent", async () => {
  const one = route({
    ...common,
    method: "DELETE",
    at: "/",
    answers: { 204: { doc: "" } },
    handle: () => noContent(),
  });
  expect(await ask(one, { body: "{", headers: { accept: "image/png" } })).toBe(204);
});
