import { expect, test } from "bun:test";
import { ConsumerWarnings, type ConsumerWarning } from "../../src/client/consumer-warning.ts";
import { consumerWarningsMax } from "../../src/limits.ts";

const warning = (resumedAt: number): ConsumerWarning => ({
  kind: "trimmed",
  topic: "orders",
  partition: 0,
  fromOffset: 0,
  resumedAt,
  message: "deleted",
});

test("warnings are taken once, in their order", () => {
  const warnings = new ConsumerWarnings();
  warnings.add(warning(1));
  warnings.add(warning(2));
  expect(warnings.take()).toEqual({ warnings: [warning(1), warning(2)], dropped: 0 });
  expect(warnings.take()).toEqual({ warnings: [], dropped: 0 });
});

test("of warnings that nobody takes the newest stay, and the others are counted", () => {
  const warnings = new ConsumerWarnings();
  for (let n = 0; n < consumerWarningsMax + 3; n++) warnings.add(warning(n));
  const taken = warnings.take();
  expect(taken.dropped).toBe(3);
  expect(taken.warnings.length).toBe(consumerWarningsMax);
  expect(taken.warnings[0]).toEqual(warning(3));
  expect(warnings.take().dropped).toBe(0);
});
