import { describe, expect, test } from "bun:test";
import { HttpError } from "../../src/http/errors.ts";
import {
  bytes,
  errorReply,
  json,
  noContent,
  type Reply,
  responseOf,
  stream,
  tagged,
} from "../../src/http/reply.ts";

const respond = (reply: Reply, method = "GET", ifNoneMatch: string | null = null) =>
  responseOf(reply, { method, ifNoneMatch, headers: { vary: "origin" } });

test("JSON ends its line, says its length, and is not cached", async () => {
  const response = respond(json({ a: "é" }));
  expect(await response.text()).toBe('{"a":"é"}\n');
  expect(Object.fromEntries(response.headers)).toEqual({
    "cache-control": "no-store",
    "content-length": "11",
    "content-type": "application/json",
    vary: "origin",
    "x-content-type-options": "nosniff",
  });
});

test("HEAD has the headers of GET and nothing else; a stream is not begun for it", async () => {
  const head = respond(json([1]), "HEAD");
  expect([await head.text(), head.headers.get("content-length")]).toEqual(["", "4"]);
  const never = stream(() => {
    throw new Error("begun");
  }, "text/event-stream");
  expect(respond(never, "HEAD").headers.get("content-type")).toBe("text/event-stream");
});

test("an error is its code and its message", async () => {
  const response = respond(errorReply(new HttpError(404, 40403, "no", { allow: "GET" })));
  expect([response.status, response.headers.get("allow")]).toEqual([404, "GET"]);
  expect(await response.json()).toEqual({ error_code: 40403, message: "no" });
});

test("nothing is nothing", async () => {
  const response = respond(noContent());
  expect([response.status, response.headers.get("content-type")]).toEqual([204, null]);
});

describe("with an entity tag", () => {
  const reply = tagged(bytes(new Uint8Array(3), "text/css"), "abc", {
    "cache-control": "no-cache",
  });

  test.each([
    [null, 200],
    ['"abc"', 304],
    ['W/"abc"', 304],
    ['"x", "abc"', 304],
    ["*", 304],
    ['"abcd"', 200],
    ["abc", 200],
  ])("If-None-Match %p", async (ifNoneMatch, status) => {
    const response = respond(reply, "GET", ifNoneMatch);
    expect(response.status).toBe(status);
    expect(response.headers.get("etag")).toBe('"abc"');
    expect(response.headers.get("cache-control")).toBe("no-cache");
    expect((await response.bytes()).length).toBe(status === 200 ? 3 : 0);
  });
});
