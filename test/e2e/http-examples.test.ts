/**
 * The examples of the README's section on HTTP, run as they stand there, in one shell, against the
 * executable. `…` in an answer stands for anything, and space does not count.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { within } from "./support/within.ts";

leaveNothing();

const readme = readFileSync(join(import.meta.dir, "..", "..", "README.md"), "utf8");

/** One command, and what it is said to answer. */
interface Example {
  readonly command: string;
  readonly expected: string;
}

/** The commands of all `console` blocks: each begins with `$`, and goes on while it has to. */
function examplesIn(document: string): Example[] {
  const blocks = [...document.matchAll(/^```console\n([\s\S]*?)^```$/gm)].map(([, block]) => block);
  return blocks.flatMap((block = "") => {
    return block
      .split(/^\$ /m)
      .slice(1)
      .map((text) => {
        const lines = text.split("\n");
        let end = 1;
        while (isUnfinished(lines.slice(0, end).join("\n"))) end += 1;
        const expected = lines.slice(end).join("\n").trim();
        return { command: lines.slice(0, end).join("\n"), expected };
      });
  });
}

/** It ends in a backslash or a pipe, or within quotes. */
const isUnfinished = (command: string): boolean =>
  /[\\|]$/.test(command) || (command.match(/'/g) ?? []).length % 2 === 1;

const mark = "=== next ===";

/** What each command writes, all in one shell. */
async function answersTo(examples: readonly Example[], port: number): Promise<string[]> {
  using directory = temporaryDirectory();
  const script = examples.map(({ command }) => `${command}\nprintf '\\n${mark}\\n'\n`).join("");
  const shell = Bun.spawn(["sh", "-c", script.replaceAll("localhost:8081", `localhost:${port}`)], {
    cwd: directory.path,
    env: { PATH: process.env["PATH"] ?? "", HOME: directory.path },
    stdio: ["ignore", "pipe", "pipe"],
  });
  const [written] = await within(
    60_000,
    "the examples",
    Promise.all([shell.stdout.text(), shell.stderr.text()]),
  );
  return written.split(mark).slice(0, -1);
}

const spaceless = (text: string): string => text.replaceAll(/\s/g, "");

/** The pattern of an answer as it is written down. */
function patternOf(expected: string): RegExp {
  const parts = spaceless(expected).split("…");
  return new RegExp(`^${parts.map((part) => RegExp.escape(part)).join(".*")}$`);
}

const withCurl = skipUnless(Bun.which("curl") !== null, "curl runs the examples");

describe("the README", () => {
  test("has examples, of which most say what they answer", () => {
    const examples = examplesIn(readme);
    expect(examples.length).toBeGreaterThan(10);
    expect(examples.filter(({ expected }) => expected !== "").length).toBeGreaterThan(10);
  });

  withCurl(
    "does not promise what the broker does not do",
    async () => {
      using directory = temporaryDirectory();
      const { process: broker } = await startBroker(directory.path);
      await using _ = broker;
      const door = broker.lines.find(
        (line) => line.event === "listening" && line["door"] === "http",
      );
      const port = Number(String(door?.["address"]).split(":").at(-1));
      const examples = examplesIn(readme);
      const answers = await answersTo(examples, port);
      expect(answers).toHaveLength(examples.length);
      for (const [at, { command, expected }] of examples.entries()) {
        const found = spaceless(answers[at] ?? "");
        const shown = patternOf(expected).test(found) ? expected : `${found} (${expected})`;
        expect([command, shown]).toEqual([command, expected]);
      }
    },
    90_000,
  );
});
