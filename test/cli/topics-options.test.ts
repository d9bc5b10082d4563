import { expect, test } from "bun:test";
import { totalsOf, totalsText } from "../../src/cli/topics-options.ts";

test("the totals of a topic are those of all its partitions", () => {
  const partitions = [
    { partition: 0, startOffset: 5, endOffset: 1_205, records: 1_200, bytes: 1_048_576 },
    { partition: 1, startOffset: 0, endOffset: 34, records: 34, bytes: 524_288 },
  ];
  const totals = totalsOf({ name: "a", id: "b", config: {}, partitions });
  expect(totals).toEqual({ partitions: 2, records: 1_234, bytes: 1_572_864 });
  expect(totalsText(totals)).toBe("2 partitions, 1,234 records, 1.50 MiB");
});

test("one of something is not many", () => {
  expect(totalsText({ partitions: 1, records: 1, bytes: 1 })).toBe("1 partition, 1 record, 1 B");
});
