import { describe, expect, test } from "bun:test";
import { scanArguments } from "../../src/cli/arguments.ts";
import { produceOptions, refuseProduce } from "../../src/cli/produce-options.ts";
import { Misuse, resolveOptions } from "../../src/cli/resolve.ts";

/** What is wrong with these arguments. */
function refusal(...args: string[]): string | null {
  const sources = { scan: scanArguments(produceOptions, args), environment: {}, file: null };
  const resolved = resolveOptions(produceOptions, [], sources);
  if (resolved instanceof Misuse) throw new Error(resolved.problems.join(" "));
  return refuseProduce(resolved.values, resolved.originOf);
}

describe("--native can't carry", () => {
  test.each([
    [["-p", "0"], "-p is nothing for --native: the broker chooses the partition, by the key."],
    [["-H", "a=1"], "-H is nothing for --native: its records have no headers."],
    [["-Z"], "-Z is nothing for --native: its keys and values are never null."],
    [["-J"], "-J is nothing for --native: its records have no headers, partitions and nulls, "],
    [
      ["--acks", "1"],
      "--acks is nothing for --native: every record is answered when it is stored.",
    ],
    [["-z", "zstd"], "-z is nothing for --native: its records are not packed."],
    [["--linger", "5ms"], "--linger is nothing for --native: each record goes at once, and the "],
    [["--request-timeout", "5s"], "--request-timeout is nothing for --native: --timeout is all "],
    [["--client-id", "me"], "--client-id is nothing for --native: its clients have no names."],
    [["-b", "one:1,two:2"], "-b names more than one broker, and --native speaks to one."],
  ])("%p", (args, said) => {
    expect(refusal("-t", "t", "--native", ...args)).toStartWith(said);
    expect(refusal("-t", "t", ...args)).toBeNull();
  });
});

describe("options that have no effect", () => {
  test.each([
    [["--workload", "size", "-p", "1"], "-p has no effect with --workload"],
    [["--workload", "size", "-H", "a=1"], "-H has no effect with --workload"],
    [["--workload", "size", "-J"], "-J has no effect with --workload"],
    [["-t", "t", "--whole-files", "-J"], "-J has no effect with --whole-files"],
    [["-J", "-K", ":"], "-K has no effect with --envelope, whose lines say it themselves"],
    [["-J", "-Z"], "-Z has no effect with --envelope"],
  ])("%p", (args, said) => {
    expect(refusal(...args)).toStartWith(said);
  });
});

test("what goes together is not refused", () => {
  expect(refusal("-J")).toBeNull();
  expect(refusal("-J", "-t", "t", "-p", "-1", "-D", "\\0", "-k", "k", "-H", "a=1")).toBeNull();
  expect(refusal("-t", "t", "--whole-files", "-Z", "-p", "0", "--acks", "0")).toBeNull();
  expect(refusal("--workload", "size", "-z", "lz4", "-b", "one,two")).toBeNull();
});
