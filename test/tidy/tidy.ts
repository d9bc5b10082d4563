/** All rules over all files: what is found, less what is allowed by name. */
import { checkComments } from "./comments.ts";
import { checkDocuments } from "./documents.ts";
import type { Finding } from "./finding.ts";
import { checkImports } from "./imports.ts";
import type { Project } from "./project.ts";
import type { Exception } from "./rules.ts";
import { checkSizes } from "./sizes.ts";
import { checkUses } from "./uses.ts";
import { checkWords } from "./words.ts";

/** Every violation that `exceptions` don't allow, and every exception that allows nothing. */
export function checkProject(project: Project, exceptions: readonly Exception[]): Finding[] {
  const checks = [checkImports, checkWords, checkComments, checkSizes, checkUses, checkDocuments];
  const all = checks.flatMap((check) => check(project));
  const needed = new Set<string>();
  const found = all.filter((finding) => {
    const allowing = exceptions.filter((exception) => allows(exception, finding));
    for (const exception of allowing) needed.add(key(exception, finding.subject));
    return allowing.length === 0;
  });
  for (const exception of exceptions) {
    for (const subject of exception.subjects ?? [""]) {
      if (needed.has(key(exception, subject))) continue;
      const what = subject === "" ? exception.rule : `${exception.rule} of ${subject}`;
      const text = `${what} is not needed any more; remove it from test/tidy/rules.ts`;
      found.push({ rule: "exceptions", path: exception.path, line: 1, subject, text });
    }
  }
  return found.sort(
    (a, b) => a.path.localeCompare(b.path) || a.line - b.line || a.rule.localeCompare(b.rule),
  );
}

function allows(exception: Exception, finding: Finding): boolean {
  const { rule, path, subjects } = exception;
  const covers = path.endsWith("/") ? finding.path.startsWith(path) : finding.path === path;
  return rule === finding.rule && covers && (subjects?.includes(finding.subject) ?? true);
}

/** Names a permission; one without subjects is one permission, however often it is used. */
function key(exception: Exception, subject: string): string {
  return [exception.rule, exception.path, exception.subjects === undefined ? "" : subject].join(
    " ",
  );
}
