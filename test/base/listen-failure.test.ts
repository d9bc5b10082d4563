import { expect, test } from "bun:test";
import { ListenFailure } from "../../src/base/listen-failure.ts";

test.each([
  ["EADDRINUSE", "taken"],
  ["EADDRNOTAVAIL", "no such address"],
  ["EACCES", "not permitted"],
  ["EWHATEVER", "failed"],
])("%s is called %s, and names the port", (code, expected) => {
  const error = Object.assign(new Error("no"), { code });
  const failure = ListenFailure.of(error, "http", 8081, "127.0.0.1");
  expect(failure.code).toBe(expected as ListenFailure["code"]);
  expect(failure.message).toStartWith("http port 8081 on 127.0.0.1");
});

test("what has no code is told in its own words", () => {
  const failure = ListenFailure.of("no luck", "http", 8081, "127.0.0.1");
  expect(failure).toEqual(new ListenFailure("failed", "http port 8081 on 127.0.0.1: no luck"));
});
