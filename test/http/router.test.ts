import { describe, expect, test } from "bun:test";
import { AssertionError } from "../../src/base/assert.ts";
import { noContent } from "../../src/http/reply.ts";
import { type Method, route, type Route } from "../../src/http/route.ts";
import { Router } from "../../src/http/router.ts";
import { text } from "../../src/http/schema.ts";

const routeAt = (method: Method, at: string, operation = `${method} ${at}`): Route =>
  route({
    method,
    at,
    operation,
    tag: "topics",
    summary: "",
    path: Object.fromEntries([...at.matchAll(/\{(\w+)\}/g)].map(([, name = ""]) => [name, text()])),
    answers: {},
    handle: () => noContent(),
  });

const router = new Router([
  routeAt("GET", "/topics"),
  routeAt("POST", "/topics"),
  routeAt("GET", "/topics/{topic}"),
  routeAt("GET", "/topics/-/configs"),
  routeAt("GET", "/topics/{topic}/configs"),
  routeAt("POST", "/topics/{topic}/configs:alter"),
  routeAt("DELETE", "/topics/{topic}/partitions/{partition}"),
]);

/** The operation and what the path names, or what else was found. */
function found(method: string, path: string): unknown {
  const one = router.find(method, path);
  if (one.kind === "methods") return one.allow;
  return one.kind === "route" ? [one.route.operation, Object.fromEntries(one.names)] : one.kind;
}

describe("a path", () => {
  test.each<[string, string, unknown]>([
    ["GET", "/topics", ["GET /topics", {}]],
    ["HEAD", "/topics", ["GET /topics", {}]],
    ["GET", "/topics/a", ["GET /topics/{topic}", { topic: "a" }]],
    ["GET", "/topics/a%2Fb", ["GET /topics/{topic}", { topic: "a/b" }]],
    ["GET", "/topics/%C3%A9", ["GET /topics/{topic}", { topic: "é" }]],
    ["GET", "/topics/-", ["GET /topics/{topic}", { topic: "-" }]],
    ["GET", "/topics/-/configs", ["GET /topics/-/configs", {}]],
    ["GET", "/topics/b/configs", ["GET /topics/{topic}/configs", { topic: "b" }]],
    ["POST", "/topics/-/configs:alter", ["POST /topics/{topic}/configs:alter", { topic: "-" }]],
    [
      "DELETE",
      "/topics/a/partitions/7",
      ["DELETE /topics/{topic}/partitions/{partition}", { topic: "a", partition: "7" }],
    ],
    ["PUT", "/topics", "GET, HEAD, POST, OPTIONS"],
    ["OPTIONS", "/topics/a", "GET, HEAD, OPTIONS"],
    ["HEAD", "/topics/a/configs:alter", "POST, OPTIONS"],
    ["constructor", "/topics", "GET, HEAD, POST, OPTIONS"],
    ["GET", "/", "nothing"],
    ["GET", "/topics/", "nothing"],
    ["GET", "/topics//configs", "nothing"],
    ["GET", "//topics", "nothing"],
    ["GET", "/topics/a/partitions", "nothing"],
    ["GET", "/topics/a/b/c", "nothing"],
    ["GET", "/Topics", "nothing"],
    ["GET", "/topics/%zz", "malformed"],
    ["GET", "/topics/%ff", "malformed"],
  ])("%s %s", (method, path, expected) => {
    expect(found(method, path)).toEqual(expected);
  });
});

describe("a table that contradicts itself is no program", () => {
  test.each<[string, readonly Route[]]>([
    ["one route twice", [routeAt("GET", "/a", "x"), routeAt("GET", "/a", "y")]],
    ["one operation twice", [routeAt("GET", "/a", "x"), routeAt("GET", "/b", "x")]],
    ["a name that is not described", [{ ...routeAt("GET", "/{a}"), path: {} }]],
    ["a description without a name", [{ ...routeAt("GET", "/a"), path: { a: text() } }]],
  ])("%s", (_, routes) => {
    expect(() => new Router(routes)).toThrow(AssertionError);
  });
});
