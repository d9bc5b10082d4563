import { expect, test } from "bun:test";
import { openExposition } from "../../src/metrics/exposition.ts";
import type { Family, FamilyType } from "../../src/metrics/family.ts";

const family = (name: string, type: FamilyType): Family => {
  return { name, type, help: "What it is.", samples: () => [] };
};

test("a family's head stands before its first slice only", async () => {
  const exposition = await openExposition("text");
  const topics = family("t_topics", "gauge");
  const first = await exposition.write(topics, [{ labels: { topic: "a" }, value: 1 }], true);
  const second = await exposition.write(topics, [{ labels: { topic: "b" }, value: 2 }], false);
  expect(first + second + exposition.end).toBe(
    '# HELP t_topics What it is.\n# TYPE t_topics gauge\nt_topics{topic="a"} 1\n' +
      't_topics{topic="b"} 2\n',
  );
});

test("whatever a group is called, it stays one label", async () => {
  const exposition = await openExposition("text");
  const group = 'a"b\\c\nd} 1\nforged 2';
  const text = await exposition.write(
    family("t_lag", "gauge"),
    [{ labels: { group }, value: 3 }],
    false,
  );
  expect(text).toBe('t_lag{group="a\\"b\\\\c\\nd} 1\\nforged 2"} 3\n');
});

test("OpenMetrics names a counter without its _total, and what is untyped unknown", async () => {
  const exposition = await openExposition("openmetrics");
  const line = [{ labels: {}, value: 5 }];
  expect(await exposition.write(family("t_bytes_total", "counter"), line, true)).toBe(
    "# HELP t_bytes What it is.\n# TYPE t_bytes counter\nt_bytes_total 5\n",
  );
  expect(await exposition.write(family("t_sum", "untyped"), line, true)).toBe(
    "# HELP t_sum What it is.\n# TYPE t_sum unknown\nt_sum 5\n",
  );
  expect(exposition.end).toBe("# EOF\n");
});

test("a histogram's lines have their own names", async () => {
  const exposition = await openExposition("text");
  const lines = [
    { labels: { le: "+Inf" }, value: 1, suffix: "_bucket" as const },
    { labels: {}, value: 0.5, suffix: "_sum" as const },
    { labels: {}, value: 1, suffix: "_count" as const },
  ];
  expect(await exposition.write(family("t_seconds", "histogram"), lines, false)).toBe(
    't_seconds_bucket{le="+Inf"} 1\nt_seconds_sum 0.5\nt_seconds_count 1\n',
  );
});
