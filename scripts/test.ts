/**
 * `npm test`: the checks, the build, then every test. Ends with one plain line that counts them:
 * `N passed, N failed`, and `, N skipped` if tests were; the three checks and the build count as
 * one test each. A test that is skipped must say why (`test/support/skip.ts`); the reasons are
 * repeated before that line.
 */
import { runChecks } from "./check.ts";
import { type Command, printStep, root } from "./command.ts";
import { buildIfStale } from "./build.ts";

/** What `bun test` did. */
interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}

export const test: Command = {
  summary: "check, build and test; arguments go to `bun test`",
  async run(args) {
    const checks = await runChecks();
    const built = await buildIfStale();
    checks[built ? "passed" : "failed"]++;
    const tally = await runTests(args);
    const passed = checks.passed + tally.passed;
    const failed = checks.failed + tally.failed;
    const skipped = tally.skipped === 0 ? "" : `, ${tally.skipped} skipped`;
    process.stdout.write(`${passed} passed, ${failed} failed${skipped}\n`);
    return failed === 0 ? 0 : 1;
  },
};

/** For one test: random ones at their full length in CI, beside other work. Most take no time. */
const timeLimit = "--timeout=30000";

/** Runs the tests, shows what they print, and lists at the end what was skipped and why. */
async function runTests(args: readonly string[]): Promise<Tally> {
  const begun = performance.now();
  const child = Bun.spawn([process.execPath, "test", "--only-failures", timeLimit, ...args], {
    cwd: root,
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  const reasons: string[] = [];
  const tally: Tally = { passed: 0, failed: 0, skipped: 0 };
  await Promise.all([
    eachLine(child.stdout, (line) => {
      if (line.startsWith("skipped: ")) reasons.push(line);
      else process.stdout.write(`${line}\n`);
    }),
    eachLine(child.stderr, (line) => {
      if (!count(line, tally)) process.stdout.write(`${line}\n`);
    }),
  ]);
  const code = await child.exited;
  const unexplained = tally.skipped - reasons.length;
  if (unexplained > 0) reasons.push(`skipped without a reason: ${unexplained}; use skipUnless`);
  for (const reason of reasons) process.stdout.write(`${reason}\n`);
  // Bun may also end badly of itself, without any test to blame.
  const ok = code === 0 && unexplained <= 0;
  if (!ok && tally.failed === 0) tally.failed = 1;
  printStep("tests", ok, performance.now() - begun);
  return tally;
}

/** Takes one line of the summary that ends a run; answers whether it was one. */
function count(line: string, tally: Tally): boolean {
  const [, number, word] = /^ *(\d+) (pass|fail|skip)$/.exec(line) ?? [];
  if (word === "pass") tally.passed = Number(number);
  if (word === "fail") tally.failed = Number(number);
  if (word === "skip") tally.skipped = Number(number);
  return word !== undefined;
}

async function eachLine(
  stream: ReadableStream<Uint8Array>,
  take: (line: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    lines.forEach(take);
  }
  if (rest !== "") take(rest);
}
