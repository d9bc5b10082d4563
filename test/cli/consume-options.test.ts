import { describe, expect, test } from "bun:test";
import { scanArguments } from "../../src/cli/arguments.ts";
import { beginningOf, consumeOptions, refuseConsume } from "../../src/cli/consume-options.ts";
import { Misuse, resolveOptions } from "../../src/cli/resolve.ts";

/** What is wrong with these arguments. */
function refusal(...args: string[]): string | null {
  const scan = scanArguments(consumeOptions, ["-t", "orders", ...args]);
  const resolved = resolveOptions(consumeOptions, [], { scan, environment: {}, file: null });
  if (resolved instanceof Misuse) throw new Error(resolved.problems.join(" "));
  return refuseConsume(resolved.values, resolved.originOf);
}

describe("what contradicts itself is refused", () => {
  test.each([
    [["-t", "a b"], '-t is "a b", which no topic can be called: it contains'],
    [["--json", "--format", "hex"], "--json contradicts --format hex."],
    [["-e", "--mode", "continuous"], "-e contradicts --mode continuous."],
    [["-b", "one", "--data", "d"], "-b and --data name two places to read: leave one out."],
    [["--data", "d", "-p", "0"], "-p is nothing for --data: the group goes through all of them "],
    [["--data", "d", "-o", "end"], "-o is nothing for --data: the group goes on where it was "],
    [["--data", "d", "-v"], "-v is nothing for --data: a group has one consumer there."],
    [["--data", "d", "--session-timeout", "6s"], "--session-timeout is nothing for --data: a gr"],
    [["--data", "d", "--client-id", "me"], "--client-id is nothing for --data: nobody is asked."],
    [["-o", "5", "-o", "end"], "-o names two places to begin at: only one can be."],
    [["-o", "e@5", "-o", "e@6"], "-o names two times to end at: only one can be."],
    [["-o", "stored"], "-o stored needs a --group that has stored something."],
    [["--mode", "reset", "-o", "5"], "-o contradicts --mode reset, which begins with the oldest"],
    [["--group", "g", "-o", "e@5"], "-o e@ is nothing for a --group, which goes on behind it."],
    [["--group", "g", "-o", "5"], "-o with a --group is beginning, end, stored or s@: where to"],
    [["--group", "g", "-o", "-5"], "-o with a --group is beginning, end, stored or s@: where to"],
    [["-Z"], "-Z has no effect without -f: the other formats tell what is not there."],
  ])("%p", (args, said) => {
    expect(refusal(...args)).toStartWith(said);
  });
});

test.each([
  [["-e", "-c", "5", "-J"]],
  [["--group", "g", "-o", "end", "-p", "1"]],
  [["--group", "g", "-o", "stored"]],
  [["--group", "g", "-o", "s@5", "--no-commit"]],
  [["-o", "s@5", "-o", "e@6", "-f", "%s", "-Z"]],
  [["--data", "d", "--group", "g", "--skip-damaged"]],
  [["--group", "g", "--skip-damaged"]],
])("%p is not", (args) => {
  expect(refusal(...args)).toBeNull();
});

test("offsets say where to begin and where to end", () => {
  expect(beginningOf([])).toEqual({ start: null, untilMs: null });
  expect(beginningOf(["stored"])).toEqual({ start: "stored", untilMs: null });
  const start = { kind: "last", value: 5 } as const;
  expect(beginningOf([{ kind: "toTime", value: 7 }, start])).toEqual({ start, untilMs: 7 });
});
