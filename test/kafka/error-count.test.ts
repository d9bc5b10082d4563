import { expect, test } from "bun:test";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { visitErrors } from "../../src/kafka/error-count.ts";
import type { Row, Shape } from "../../src/wire/table.ts";
import { filledRow, variants } from "../support/fill.ts";

/** All numbers under the name `errorCode`, wherever they are. */
function errorsIn(value: unknown, name = ""): number[] {
  if (name === "errorCode" && typeof value === "number") return value === 0 ? [] : [value];
  if (typeof value !== "object" || value === null || value instanceof Uint8Array) return [];
  return Object.entries(value).flatMap(([key, inner]) => {
    return errorsIn(inner, Array.isArray(value) ? name : key);
  });
}

const ascending = (numbers: readonly number[]): number[] =>
  numbers.toSorted((one, other) => one - other);

function found(name: ApiName, row: object): number[] {
  const errors: number[] = [];
  visitErrors(apis[name].response.shape, row as Row<Shape>, (code) => errors.push(code));
  return errors;
}

test.each(Object.keys(apis) as ApiName[])(
  "every error of %s is found, and nothing else",
  (name) => {
    const { response, versions } = apis[name];
    for (let version = versions[0]; version <= versions[1]; version++) {
      for (const variant of variants) {
        const row = filledRow(response, version, variant);
        expect(ascending(found(name, row))).toEqual(ascending(errorsIn(row)));
      }
    }
  },
);

test("there is something to find: two lists deep, of full responses", () => {
  expect(found("Produce", filledRow(apis.Produce.response, 13, "full")).length).toBeGreaterThan(1);
});
