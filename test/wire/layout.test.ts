import { expect, test } from "bun:test";
import { Layout } from "../../src/wire/layout.ts";
import {
  type AnyColumn,
  type Shape,
  bool,
  bytes,
  int32,
  int64,
  list,
  message,
  string,
  struct,
  uuid,
} from "../../src/wire/table.ts";

/** One column at version 1, flexible from version 1 on or never. */
function layoutOf(shape: Shape, flexible = Infinity): Layout {
  return new Layout(message({ name: "Sample", versions: [0, 3], flexible }, shape), 1);
}

const bytesMin = (column: AnyColumn, flexible?: number): number => {
  const layout = layoutOf({ column }, flexible);
  return layout.bytesMin({ kind: "struct", shape: layout.table.shape });
};

test("a row takes at least what its columns of fixed size and its lengths do", () => {
  expect(bytesMin(bool)).toBe(1);
  expect(bytesMin(int64)).toBe(8);
  expect(bytesMin(uuid)).toBe(16);
  expect(bytesMin(string)).toBe(2);
  expect(bytesMin(bytes)).toBe(4);
  expect(bytesMin(list(int64))).toBe(4);
  expect(bytesMin(struct({ a: int32, b: string }))).toBe(6);
  expect(bytesMin(struct({ a: int32, b: string }).nullable())).toBe(1);
});

test("in flexible versions lengths take a byte, and the tags of each struct another", () => {
  expect(bytesMin(int32, 1)).toBe(5);
  expect(bytesMin(string, 1)).toBe(2);
  expect(bytesMin(list(int64), 1)).toBe(2);
  expect(bytesMin(struct({ a: int32, b: string }), 1)).toBe(7);
  expect(bytesMin(string.inflexible(), 1)).toBe(3);
  expect(bytesMin(string.tag(0), 1)).toBe(1);
});

test("a version carries the columns within their bounds, tagged ones apart and by tag", () => {
  const layout = layoutOf(
    {
      old: int32.until(0),
      ending: int32.until(1),
      second: int32.since(1).tag(2),
      beginning: int32.since(1),
      first: int32.tag(1),
      later: int32.since(2),
    },
    0,
  );
  const names = (fields: readonly { readonly name: string }[]): string[] => {
    return fields.map(({ name }) => name);
  };
  expect(names(layout.placed(layout.table.shape))).toEqual(["ending", "beginning"]);
  expect(names(layout.tagged(layout.table.shape))).toEqual(["first", "second"]);
});

test("a column is nullable from its version on; before, a writer has to look", () => {
  const shape = { never: string, now: string.nullable(1), later: string.nullable(2) };
  const fields = layoutOf(shape).placed(shape);
  expect(fields.map(({ nullable, nullElsewhere }) => [nullable, nullElsewhere])).toEqual([
    [false, false],
    [true, false],
    [false, true],
  ]);
});

test("a table that can't be right is refused as soon as one of its versions is asked for", () => {
  const plain = message({ name: "Plain", versions: [1, 2] }, {});
  for (const version of [0, 3, 1.5, Number.NaN]) {
    expect(() => new Layout(plain, version)).toThrow(`Plain has no version ${version}`);
  }
  const placed = (shape: Shape) => () => layoutOf(shape).placed(shape);
  expect(placed({ number: int32.nullable() })).toThrow("Sample: number can't be null");
  expect(placed({ early: string.tag(0) })).toThrow("Sample: early has a tag too early");
  let deep: AnyColumn = int32;
  for (let depth = 0; depth < 8; depth++) deep = list({ deep });
  expect(placed({ deep })).toThrow("Sample is nested too deeply");
});
