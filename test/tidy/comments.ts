/**
 * What stands in comments and text: heads that explain a file, directives that hide its errors,
 * work left over, paths of one machine.
 */
import type { Finding, RuleName } from "./finding.ts";
import type { Module } from "./module.ts";
import type { Project } from "./project.ts";

/** Rules `directive`, `header`, `catch`, `leftover` and `machine-path`. */
export function checkComments(project: Project): Finding[] {
  const modules = project.sources().flatMap((path) => {
    const module = project.module(path);
    return [
      ...checkDirectives(path, module),
      ...checkHeader(path, module),
      ...checkCatches(path, module),
    ];
  });
  return [...modules, ...checkTexts(project)];
}

function checkDirectives(path: string, module: Module): Finding[] {
  const found: Finding[] = [];
  for (const { line, text } of module.comments) {
    const subject = /@ts-(ignore|nocheck)|(ox|es)lint-disable/.exec(text)?.[0];
    if (subject === undefined) continue;
    const reason = `${subject}: it hides an error from everyone; mend the code`;
    found.push({ rule: "directive", path, line, subject, text: reason });
  }
  return found;
}

/** Tests need no head: their names say it. */
function checkHeader(path: string, module: Module): Finding[] {
  const first = module.comments[0];
  if (path.endsWith(".test.ts") || (first?.line === 1 && first.text.startsWith("/**"))) return [];
  const text = "begin with a /** … */ that says what the file is for, what it owns, what holds";
  return [{ rule: "header", path, line: 1, subject: path, text }];
}

/** A `catch` that drops its error must say why nobody needs to see it. */
function checkCatches(path: string, module: Module): Finding[] {
  const found: Finding[] = [];
  module.code.forEach((token, at) => {
    if (token.text !== "catch" || module.code[at + 1]?.text !== "{") return;
    const until = module.code[at + 2]?.line ?? token.line;
    if (module.comments.some(({ line }) => line >= token.line - 1 && line <= until)) return;
    const text = "it swallows errors unseen; name the error and test it, or say why in a comment";
    found.push({ rule: "catch", path, line: token.line, subject: "catch", text });
  });
  return found;
}

const leftover = /\b(T[O]DO|FIX[M]E|X[X]X|HAC[K])\b/;
const machinePath = /(?:^|[\s"'`(=])(\/(?:root|home|tmp|work|Users)\/)/;

/** Rules that look at a whole line, whatever it is part of. */
function checkTexts(project: Project): Finding[] {
  const found: Finding[] = [];
  for (const path of project.paths.filter((each) => /\.(ts|tsx|md|sh|css|c)$/.test(each))) {
    project
      .text(path)
      .split("\n")
      .forEach((line, index) => {
        const add = (rule: RuleName, subject: string | undefined, text: string): void => {
          if (subject === undefined) return;
          found.push({ rule, path, line: index + 1, subject, text: `${subject}: ${text}` });
        };
        add("leftover", leftover.exec(line)?.[1], "finish it, or file an issue");
        add("machine-path", machinePath.exec(line)?.[1], "no other machine has it; ask the system");
      });
  }
  return found;
}
