import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { routesMarks, routesPath, routesTable } from "../../scripts/http-routes.ts";
import { allRoutes } from "../../src/http/routes.ts";

test("the document of this folder shows every route", () => {
  const text = readFileSync(join(import.meta.dir, "..", "..", routesPath), "utf8");
  const shown = text.split(routesMarks.begin)[1]?.split(routesMarks.end)[0] ?? "";
  expect(shown.trim()).toBe(routesTable());
});

test("each route says in a sentence what it does, and what it answers", () => {
  for (const { summary, operation, answers, errors } of allRoutes({ version: "" })) {
    expect([operation, /^[A-Z].*\.$/.test(summary)]).toEqual([operation, true]);
    const statuses = [...Object.keys(answers).map(Number), ...(errors ?? [])];
    expect(
      statuses.every((status) => status === 101 || (status >= 200 && status < 600)),
    ).toBeTrue();
  }
});

test("what changes something is neither GET nor served before the broker is there", () => {
  for (const { method, isAlways } of allRoutes({ version: "" })) {
    expect([method, isAlways && method !== "GET"]).toEqual([method, false]);
  }
});
