import { expect, test } from "bun:test";
import type { Offset } from "../../src/base/brands.ts";
import {
  type RequestOf,
  type ResponseOf,
  api,
  batches,
  blank,
  bytes,
  int32,
  int64,
  list,
  message,
  noUuid,
  string,
  struct,
  uuid,
} from "../../src/wire/table.ts";

const Sample = api(
  { name: "Sample", key: 99, versions: [2, 5], flexible: 4 },
  {
    offset: int64.as<Offset>(),
    name: string.nullable(3),
    topics: list({ id: uuid.since(3), partitions: list(int32) }),
    cursor: struct({ at: int32.default(-1) })
      .nullable()
      .default(null),
  },
  { data: bytes, records: batches.nullable() },
);

/** What the compiler has to make of it: the same type, in both directions. */
type Equal<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const requestType: Equal<
  RequestOf<typeof Sample>,
  {
    readonly offset: Offset;
    readonly name: string | null;
    readonly topics: readonly { readonly id: string; readonly partitions: readonly number[] }[];
    readonly cursor: { readonly at: number } | null;
  }
> = true;

const responseType: Equal<
  ResponseOf<typeof Sample>,
  { readonly data: Uint8Array; readonly records: readonly Uint8Array[] | null }
> = true;

test("the types of rows are exact, and the compiler finds what does not fit", () => {
  expect([requestType, responseType]).toEqual([true, true]);
  // @ts-expect-error a default of another type
  int32.default("1");
  // @ts-expect-error null where the column is never null
  string.default(null);
  // @ts-expect-error a plain number is no offset
  const offset: RequestOf<typeof Sample>["offset"] = 5;
  // @ts-expect-error a forgotten column
  const response: ResponseOf<typeof Sample> = { data: new Uint8Array(0) };
  expect([offset, Object.keys(response)]).toEqual([5 as Offset, ["data"]]);
});

test("an API names its two messages as Kafka does, and advertises what it serves", () => {
  expect([Sample.request.name, Sample.response.name]).toEqual(["SampleRequest", "SampleResponse"]);
  expect(Sample.advertised).toEqual([2, 5]);
  const wider = api({ name: "Wider", key: 1, versions: [3, 4], advertised: [0, 4] }, {}, {});
  expect([wider.versions, wider.advertised]).toEqual([
    [3, 4],
    [0, 4],
  ]);
});

test("without a word about it no version is flexible", () => {
  expect(message({ name: "Plain", versions: [0, 9] }, {}).flexibleSince).toBe(Infinity);
});

test("each column has a default of its type, which nobody can change", () => {
  const row = blank(Sample.request.shape);
  expect(row).toEqual({ offset: 0 as Offset, name: "", topics: [], cursor: null });
  expect(blank(Sample.response.shape)).toEqual({ data: new Uint8Array(0), records: [] });
  expect(blank({ id: uuid }).id).toBe(noUuid);
  expect(blank({ inner: struct({ at: int32.default(7) }) })).toEqual({ inner: { at: 7 } });
  expect([Object.isFrozen(row), Object.isFrozen(row.topics)]).toEqual([true, true]);
});

test("a rule makes another column and leaves the first as it was", () => {
  const column = int32.since(3).until(5).tag(1).default(9);
  expect(column.rules).toMatchObject({ since: 3, until: 5, tag: 1, fallback: 9 });
  expect(int32.rules).toMatchObject({ since: 0, until: Infinity, tag: -1, fallback: 0 });
});

test("a list has no null elements", () => {
  expect(() => list(string.nullable())).toThrow("elements of lists are never null");
});
