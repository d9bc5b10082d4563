/** Nothing lies around: every file is reached, every export is used, every source is tested. */
import type { Finding, RuleName } from "./finding.ts";
import { Project } from "./project.ts";
import { entries } from "./rules.ts";

/** Rules `unreached`, `unused-export`, `test-only-export` and `untested`. */
export function checkUses(project: Project): Finding[] {
  const uses = new Uses(project);
  return [...checkReached(project, uses), ...checkExports(project, uses), ...checkTested(project)];
}

/** Who imports what from whom. */
class Uses {
  /** For each file the files that it imports. */
  private readonly imports = new Map<string, string[]>();
  /** For each `file#export` the files that ask for it. */
  private readonly users = new Map<string, Set<string>>();

  constructor(project: Project) {
    for (const path of project.sources()) {
      const targets: string[] = [];
      for (const { specifier, names } of project.module(path).imports) {
        const target = Project.resolve(path, specifier);
        if (target === null || !project.has(target)) continue;
        targets.push(target);
        const all = target.endsWith(".ts") ? project.module(target).exports : [];
        for (const name of names ?? all.map((each) => each.name)) this.use(target, name, path);
      }
      this.imports.set(path, targets);
    }
  }

  private use(target: string, name: string, path: string): void {
    const key = `${target}#${name}`;
    this.users.set(key, (this.users.get(key) ?? new Set()).add(path));
  }

  usersOf(target: string, name: string): readonly string[] {
    return [...(this.users.get(`${target}#${name}`) ?? [])];
  }

  /** Everything that is imported, directly or not, from `roots`; the roots included. */
  reach(roots: readonly string[]): ReadonlySet<string> {
    const reached = new Set(roots);
    for (const path of reached) {
      for (const target of this.imports.get(path) ?? []) reached.add(target);
    }
    return reached;
  }
}

function checkReached(project: Project, uses: Uses): Finding[] {
  const programs = uses.reach(entries);
  const started = uses.reach([...entries, ...project.sources().filter(isTest), ...run(project)]);
  const found: Finding[] = [];
  for (const path of project.sources()) {
    const inSource = path.startsWith("src/");
    if ((inSource ? programs : started).has(path)) continue;
    const text = started.has(path)
      ? "only tests reach it; use it in the program or move it to test/"
      : "no program and no test reaches it; use it or delete it";
    found.push({ rule: "unreached", path, line: 1, subject: path, text });
  }
  return found;
}

/** Files of tests that are started as processes of their own, by their name in a string. */
function run(project: Project): string[] {
  const strings = new Set<string>();
  for (const path of project.sources("test/")) {
    for (const token of project.module(path).code) {
      if (token.kind === "string") strings.add(token.text.split("/").at(-1) ?? "");
    }
  }
  return project.sources("test/").filter((path) => strings.has(path.split("/").at(-1) ?? ""));
}

function isTest(path: string): boolean {
  return path.endsWith(".test.ts");
}

function checkExports(project: Project, uses: Uses): Finding[] {
  const found: Finding[] = [];
  for (const path of project.sources().filter((each) => !entries.includes(each))) {
    const { code, exports } = project.module(path);
    for (const { line, name, type } of exports) {
      const users = uses.usersOf(path, name);
      const add = (rule: RuleName, text: string): void => {
        found.push({ rule, path, line, subject: name, text: `${name}: ${text}` });
      };
      const mentions = code.filter((token) => token.kind === "name" && token.text === name).length;
      // A type that this file's other exports speak of needs a name outside, asked for or not.
      if (type && mentions > 1) continue;
      if (users.length === 0) {
        add("unused-export", "nobody imports it; drop `export`, or all of it");
      } else if (path.startsWith("src/") && users.every((user) => user.startsWith("test/"))) {
        add("test-only-export", "only tests import it; test through what the program uses");
      }
    }
  }
  return found;
}

/** `src/log/segment.ts` is tested by `test/log/segment.test.ts`; types alone need no test. */
function checkTested(project: Project): Finding[] {
  const found: Finding[] = [];
  for (const path of project.sources("src/")) {
    const test = path.replace(/^src\//, "test/").replace(/\.ts$/, ".test.ts");
    const onlyTypes = project.module(path).exports.every((each) => each.type);
    if (project.has(test) || onlyTypes || entries.includes(path)) continue;
    const text = `${test} is missing; write it, or list here in test/tidy/rules.ts who tests it`;
    found.push({ rule: "untested", path, line: 1, subject: path, text });
  }
  return found;
}
