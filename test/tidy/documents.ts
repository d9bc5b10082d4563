/** Documents are read in an editor, and the tables in them equal the code. */
import { posix } from "node:path";
import type { Finding, RuleName } from "./finding.ts";
import { importsTable } from "./imports.ts";
import type { Project } from "./project.ts";
import { directions, sizes } from "./rules.ts";

/** Where `run.ts docs` writes the table of allowed imports. */
export const tableMarks = { begin: "<!-- imports -->", end: "<!-- /imports -->" };
/** The document that shows it. */
export const tablePath = "src/README.md";

/** Rules `title`, `wrap`, `link` and `imports-table`. */
export function checkDocuments(project: Project): Finding[] {
  const documents = project.paths.filter((path) => path.endsWith(".md"));
  return [...documents.flatMap((path) => checkDocument(project, path)), ...checkTable(project)];
}

function checkDocument(project: Project, path: string): Finding[] {
  const found: Finding[] = [];
  const add = (rule: RuleName, line: number, subject: string, text: string): void => {
    found.push({ rule, path, line, subject, text });
  };
  const titles: number[] = [];
  let fenced = false;
  project
    .text(path)
    .split("\n")
    .forEach((text, index) => {
      if (/^\s*```/.test(text)) fenced = !fenced;
      if (!fenced && text.startsWith("# ")) titles.push(index + 1);
      const breakable = !/^\s*\||\]\(|https?:\/\//.test(text);
      if ([...text].length > sizes.columns && breakable) {
        add("wrap", index + 1, path, `wrap at ${sizes.columns} columns, tables and links aside`);
      }
      if (fenced) return;
      for (const [, target = ""] of text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)) {
        if (/^\w+:/.test(target) || exists(project, posix.join(posix.dirname(path), target))) {
          continue;
        }
        add("link", index + 1, target, `${target} does not exist`);
      }
    });
  if (titles.length !== 1) {
    const text = `${titles.length} titles ("# …"); a document has one subject and says it once`;
    add("title", titles[1] ?? 1, path, text);
  }
  return found;
}

function exists(project: Project, path: string): boolean {
  const folder = path.replace(/\/?$/, "/");
  return project.has(path) || project.paths.some((other) => other.startsWith(folder));
}

function checkTable(project: Project): Finding[] {
  const text = project.text(tablePath);
  const { begin, end } = tableMarks;
  if (text.includes(`${begin}\n\n${importsTable(directions)}\n\n${end}`)) return [];
  return [
    {
      rule: "imports-table",
      path: tablePath,
      line: text.slice(0, Math.max(text.indexOf(begin), 0)).split("\n").length,
      subject: tablePath,
      text: `no table of test/tidy/rules.ts between ${begin} and ${end}; run.ts docs writes it`,
    },
  ];
}
