/** What fits a screen can be read; what does not is taken on trust. */
import type { Finding } from "./finding.ts";
import type { Project } from "./project.ts";
import { sizes } from "./rules.ts";

const code = /\.(ts|tsx|js|css|sh|c)$|^\.ci\//;

/** Rules `columns`, `function-lines`, `file-lines` and `file-bytes`. */
export function checkSizes(project: Project): Finding[] {
  const found: Finding[] = [];
  for (const path of project.paths) {
    if (code.test(path)) found.push(...checkColumns(project, path));
    if (path.endsWith(".ts")) found.push(...checkLines(project, path));
    const bytes = project.bytesOf(path);
    if (bytes > sizes.fileBytes) {
      const text = `${bytes} bytes, at most ${sizes.fileBytes}: history keeps it for ever`;
      found.push({ rule: "file-bytes", path, line: 1, subject: path, text });
    }
  }
  return found;
}

/** What can't be broken may be longer: an address, and a test's name where the formatter put it. */
const unbreakable = /https?:\/\/|^\s*(describe|test\w*)\(".*", (async )?\(\w*\) => \{$/;

function checkColumns(project: Project, path: string): Finding[] {
  const found: Finding[] = [];
  project
    .text(path)
    .split("\n")
    .forEach((line, index) => {
      const columns = [...line].length;
      if (columns <= sizes.columns || unbreakable.test(line)) return;
      const text = `${columns} columns, at most ${sizes.columns}: two files fit side by side`;
      found.push({ rule: "columns", path, line: index + 1, subject: path, text });
    });
  return found;
}

function checkLines(project: Project, path: string): Finding[] {
  const found: Finding[] = [];
  const fileLines = project.text(path).split("\n").length - 1;
  if (fileLines > sizes.fileLines) {
    const text = `${fileLines} lines, at most ${sizes.fileLines}: find the second noun in it`;
    found.push({ rule: "file-lines", path, line: 1, subject: path, text });
  }
  for (const body of project.module(path).bodies) {
    const suite = body.suite && path.startsWith("test/");
    if (body.lines <= sizes.functionLines || suite) continue;
    const text =
      `${body.name} has ${body.lines} lines, at most ${sizes.functionLines}: ` +
      "keep the branches here and move straight lines into helpers";
    found.push({ rule: "function-lines", path, line: body.line, subject: body.name, text });
  }
  return found;
}
