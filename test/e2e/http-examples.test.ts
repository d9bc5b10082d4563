/**
 * The examples of the README's section on HTTP, and those of every path (`src/http/EXAMPLES.md`),
 * run as they stand there, each document in one shell, against the executable. `…` in an answer
 * stands for anything, and space does not count.
 */
import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Router } from "../../src/http/router.ts";
import { allRoutes } from "../../src/http/routes.ts";
import { skipUnless } from "../support/skip.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { within } from "./support/within.ts";

leaveNothing();

const documentAt = (...path: readonly string[]): string =>
  readFileSync(join(import.meta.dir, "..", "..", ...path), "utf8");

const documents = [
  { name: "the README", text: documentAt("README.md") },
  { name: "the list of every path", text: documentAt("src", "http", "EXAMPLES.md") },
];

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

/** Method and path of a `curl`; `null`: the command is another one. */
function askedBy(command: string): { readonly method: string; readonly path: string } | null {
  const isOne = command.startsWith("curl ");
  const url = isOne ? / "?((?:\$api|\$me|localhost:8081)[^\s"]*)/.exec(command)?.[1] : undefined;
  if (url === undefined) return null;
  const whole = url
    .replace("$member", "m")
    .replace("$api", "localhost:8081/v3/clusters/c")
    .replace("$me", "localhost:8081/consumers/billing/instances/one");
  const given = / -X (\w+)/.exec(command)?.[1];
  const method = given ?? (/ (?:-d|--json) /.test(command) ? "POST" : "GET");
  return { method, path: new URL(`http://${whole}`).pathname };
}

test("every path but the console's own has an example", () => {
  const router = new Router(allRoutes({ version: "" }));
  const shown = documents.flatMap(({ text }) =>
    examplesIn(text).flatMap(({ command }) => {
      const asked = askedBy(command);
      const found = asked && router.find(asked.method, asked.path);
      return found?.kind === "route" ? [found.route.operation] : [];
    }),
  );
  const wanted = allRoutes({ version: "" })
    .filter(({ at }) => !at.startsWith("/console/"))
    .map(({ operation }) => operation);
  expect(wanted.filter((operation) => !shown.includes(operation))).toEqual([]);
});

describe.each(documents)("$name", ({ text }) => {
  test("has examples, of which most say what they answer", () => {
    const examples = examplesIn(text);
    expect(examples.length).toBeGreaterThan(20);
    const answering = examples.filter(({ expected }) => expected !== "");
    expect(answering.length).toBeGreaterThan(examples.length / 2);
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
      const examples = examplesIn(text);
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
