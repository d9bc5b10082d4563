import { describe, expect, test } from "bun:test";
import {
  type GuardRules,
  preflightHeaders,
  sharingHeaders,
  turnedAway,
} from "../../src/http/guards.ts";

const none: GuardRules = { hosts: [], origins: [] };
const some: GuardRules = { hosts: ["broker.example"], origins: ["https://console.example"] };

const request = (headers: Readonly<Record<string, string>>, method = "GET") => ({
  method,
  header: (name: string) => headers[name] ?? null,
});

const statusOf = (
  headers: Readonly<Record<string, string>>,
  rules = none,
  method = "GET",
): number | null => turnedAway(request(headers, method), rules)?.status ?? null;

describe("a host", () => {
  test.each([
    ["127.0.0.1:8081", null],
    ["10.1.2.3", null],
    ["[::1]:8081", null],
    ["localhost:8081", null],
    ["LOCALHOST", null],
    ["broker.example", 421],
    ["evil.example:8081", 421],
    ["127.0.0.1.evil.example", 421],
    ["localhost.evil.example", 421],
    ["good, evil", 400],
    ["a b", 400],
    ["", 400],
    ["x:y", 400],
  ])("%p", (host, status) => {
    expect(statusOf({ host })).toBe(status);
  });

  test("may have the names that the operator gave, in any case", () => {
    expect(statusOf({ host: "Broker.Example:1" }, some)).toBeNull();
  });

  test("has to be there", () => {
    expect(statusOf({})).toBe(400);
  });
});

describe("a page", () => {
  const host = "127.0.0.1:8081";

  test.each([
    ["of this door", "http://127.0.0.1:8081", null],
    ["of another port", "http://127.0.0.1:3000", 403],
    ["of another host", "http://evil.example", 403],
    ["of no origin", "null", 403],
    ["that the operator allows", "https://console.example", null],
    ["of its name without TLS", "http://console.example", 403],
  ])("%s", (_, origin, status) => {
    expect(statusOf({ host, origin }, some, "POST")).toBe(status);
  });

  test.each([
    ["its own", "same-origin", "cors", "POST", null],
    ["typed by hand", "none", "navigate", "GET", null],
    ["a link from elsewhere", "cross-site", "navigate", "GET", null],
    ["a form from elsewhere", "cross-site", "navigate", "POST", 403],
    ["an image from elsewhere", "cross-site", "no-cors", "GET", 403],
    ["from a neighbour", "same-site", "no-cors", "GET", 403],
  ])("that a browser says to be %s", (_, site, mode, method, status) => {
    const headers = { host, "sec-fetch-site": site, "sec-fetch-mode": mode };
    expect(statusOf(headers, none, method)).toBe(status);
  });
});

describe("an answer", () => {
  test("is shared with origins that are allowed, and says that it depends on them", () => {
    expect(sharingHeaders(request({ origin: "https://console.example" }), some)).toEqual({
      vary: "origin",
      "access-control-allow-origin": "https://console.example",
      "access-control-expose-headers": "*",
    });
    expect(sharingHeaders(request({}), some)).toEqual({ vary: "origin" });
    expect(sharingHeaders(request({ origin: "https://console.example" }), none)).toEqual({});
  });

  test("to a preflight names methods and headers", () => {
    const headers = {
      "access-control-request-method": "PUT",
      "access-control-request-headers": "content-type",
    };
    expect(preflightHeaders(request(headers, "OPTIONS"), "GET, PUT")).toEqual({
      "access-control-allow-methods": "GET, PUT",
      "access-control-allow-headers": "content-type",
      "access-control-max-age": "600",
    });
    expect(preflightHeaders(request({}, "OPTIONS"), "GET")).toBeNull();
    expect(preflightHeaders(request(headers, "GET"), "GET")).toBeNull();
  });
});
