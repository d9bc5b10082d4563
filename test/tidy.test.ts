/**
 * The code's own rules, tested: on this repository, where nothing may be found, and on small bad
 * projects in `golden/tidy.txt`, where everything must be.
 */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { expectGolden, readGolden } from "./support/golden.ts";
import { type Finding, formatFinding, ruleNames } from "./tidy/finding.ts";
import { importsTable } from "./tidy/imports.ts";
import { Project, readProject } from "./tidy/project.ts";
import { exceptions } from "./tidy/rules.ts";
import { checkProject } from "./tidy/tidy.ts";
import { tokenize } from "./tidy/tokens.ts";

/** One case of the golden file. */
interface Case {
  readonly head: string;
  readonly rules: readonly string[];
  readonly files: string;
  readonly project: Project;
}

const goldenName = "tidy.txt";
const findingsMark = "--- findings\n";

function readCase(text: string): Case {
  const files = text.slice(0, text.indexOf(findingsMark));
  const [head = "", ...parts] = files.split(/^--- /m);
  const texts = parts.map((part): [string, string] => {
    const newline = part.indexOf("\n");
    return [part.slice(0, newline), expand(part.slice(newline + 1))];
  });
  const rules = /^rules: (.*)$/m.exec(head)?.[1]?.split(", ") ?? [];
  return { head, rules, files, project: new Project(new Map(texts)) };
}

/** Repeats each line that begins with `× n`. */
function expand(text: string): string {
  return text.replace(/^× (\d+) (.*\n)/gm, (_, count: string, line: string) => {
    return line.repeat(Number(count));
  });
}

function findings({ rules, project }: Case): Finding[] {
  return checkProject(project, []).filter(({ rule }) => rules.includes(rule));
}

test("this repository keeps its own rules", () => {
  const project = readProject(join(import.meta.dir, ".."));
  const found = checkProject(project, exceptions).map(formatFinding);
  expect(found.join("\n")).toBe("");
});

test("every bad project is found out, and nothing else", () => {
  const [preface = "", ...cases] = readGolden(goldenName).split(/^(?=## )/m);
  const rendered = cases.map(readCase).map((each) => {
    const lines = findings(each).map((finding) => `${formatFinding(finding)}\n`);
    return each.files + findingsMark + lines.join("");
  });
  expectGolden(goldenName, preface + rendered.join("\n"));
});

test("every rule has a case that breaks it", () => {
  const [, ...cases] = readGolden(goldenName).split(/^(?=## )/m);
  const broken = cases.map(readCase).flatMap((each) => findings(each).map(({ rule }) => rule));
  const unbroken = ruleNames.filter((rule) => !broken.includes(rule));
  expect(unbroken).toEqual(["exceptions"]);
});

test("an exception allows what it names and nothing else", () => {
  const project = new Project(new Map([["src/base/a.ts", "Bun.hash(Math.random());\n"]]));
  const path = "src/base/";
  const why = "a test";
  const worldOf = (subjects?: readonly string[]): string[] =>
    checkProject(project, [{ rule: "world", path, why, ...(subjects && { subjects }) }])
      .filter(({ rule }) => rule === "world" || rule === "exceptions")
      .map(({ rule, subject }) => `${rule} ${subject}`);
  expect(worldOf()).toEqual([]);
  expect(worldOf(["Bun", "Math.random"])).toEqual([]);
  expect(worldOf(["Bun", "Date"])).toEqual(["exceptions Date", "world Math.random"]);
});

test("tokens see through strings, templates, comments and regular expressions", () => {
  const source = 'a = b / c / `x${`${d} // "`}/*` / /[/"]"/g; // e\n/* f\n */ "\\"g" \'h\'';
  expect(tokenize(source).map(({ kind, text, line }) => `${line} ${kind} ${text}`)).toEqual([
    "1 name a",
    "1 punctuation =",
    "1 name b",
    "1 punctuation /",
    "1 name c",
    "1 punctuation /",
    "1 template x",
    "1 template ",
    "1 name d",
    '1 template  // "',
    "1 template /*",
    "1 punctuation /",
    '1 regex /[/"]"/g',
    "1 punctuation ;",
    "1 comment // e",
    "2 comment /* f\n */",
    '3 string \\"g',
    "3 string h",
  ]);
});

test("the imports table lines up as the formatter would have it", () => {
  const rows = [
    { from: "base", may: [], instead: "" },
    { from: "main.ts", may: ["*"], instead: "" },
    { from: "log", may: ["record", "disk/disk.ts"], instead: "" },
  ];
  expect(importsTable(rows)).toBe(
    [
      "| folder    | may import               |",
      "| --------- | ------------------------ |",
      "| `base`    | nothing                  |",
      "| `main.ts` | everything               |",
      "| `log`     | `record`, `disk/disk.ts` |",
    ].join("\n"),
  );
});
