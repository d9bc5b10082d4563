/**
 * Words that must not stand in code, each with what to write instead: the world that a simulator
 * must own, language features that the house does without, tests that can't fail.
 */
import type { Finding, RuleName } from "./finding.ts";
import type { Module } from "./module.ts";
import type { Project } from "./project.ts";
import type { Token } from "./tokens.ts";

/** A place in code; `text` answers nothing for strings, so that quoted words are no words. */
interface Place {
  text(ahead: number): string;
  kind(ahead: number): Token["kind"] | undefined;
}

/** One rule over single tokens. */
interface Word {
  readonly rule: RuleName;
  readonly where: RegExp;
  /** What stands here that must not: the subject of the finding; `null` if nothing does. */
  find(place: Place): string | null;
  readonly instead: string;
}

const sources = /^src\//;
const tests = /^test\//;
const notScripts = /^(src|test)\//;
const everywhere = /^/;

const worldNames = new Set(
  (
    "Bun process performance crypto fetch WebSocket Worker require setTimeout setInterval " +
    "setImmediate clearTimeout clearInterval clearImmediate"
  ).split(" "),
);
const abbreviations = new Set(
  (
    "addr arr buf cb cfg conn ctx cur dest dir err evt fn idx len msg num obj opts params pkt " +
    "pos prev ptr req res src str tmp util utils val"
  ).split(" "),
);
const registers = new Set(["test", "it", "describe"]);
const never = ["t", "odo"].join("");

const words: readonly Word[] = [
  {
    rule: "world",
    where: sources,
    find: worldly,
    instead:
      "only the files listed in test/tidy/rules.ts touch the world, so that a simulator can own " +
      "the rest: take a Clock, Random, Disk or Logger as an argument",
  },
  {
    rule: "console",
    where: notScripts,
    find: (place) => (global(place, "console") ? "console" : null),
    instead: "log through a Logger, print through cli/, expect in a test",
  },
  {
    rule: "generated-code",
    where: everywhere,
    find: (place) =>
      global(place, "eval") || (place.text(0) === "new" && place.text(1) === "Function")
        ? place.text(0)
        : null,
    instead: "code made from text can't be checked; call a function",
  },
  {
    rule: "any",
    where: everywhere,
    find: (place) => (isType(place, "any") ? "any" : null),
    instead: "it switches the checker off for all that it touches; use unknown and a check",
  },
  {
    rule: "enum",
    where: everywhere,
    find: (place) => (declares(place, "enum") ? place.text(1) : null),
    instead: "it is no JavaScript; use a union of literals, or a const object",
  },
  {
    rule: "namespace",
    where: everywhere,
    find: (place) => (declares(place, "namespace", "module") ? place.text(1) : null),
    instead: "a file is the module",
  },
  {
    rule: "default-export",
    where: everywhere,
    find: (place) =>
      (place.text(0) === "export" && place.text(1) === "default") ||
      (place.text(0) === "as" && place.text(1) === "default" && place.text(2) !== ",")
        ? "default"
        : null,
    instead: "its name would differ from file to file; export a name",
  },
  {
    rule: "abbreviation",
    where: everywhere,
    find: (place) =>
      place.kind(0) === "name" && place.text(-1) !== "." && abbreviations.has(place.text(0))
        ? place.text(0)
        : null,
    instead: "write the word, as one says it aloud",
  },
  {
    rule: "focus",
    where: tests,
    find: (place) => registration(place, ["only", never]),
    instead: "it hides the other tests; run one with `bun test <file> -t <name>`",
  },
  {
    rule: "skip",
    where: tests,
    find: (place) => registration(place, ["skip", "skipIf", "if", "failing"]),
    instead: "use skipUnless of test/support/skip.ts, which says why",
  },
  {
    rule: "empty-check",
    where: tests,
    find: (place) =>
      place.text(0) === "expect" && place.text(1) === "(" && /^(true|false)$/.test(place.text(2))
        ? "expect"
        : null,
    instead: "it can't fail; expect what the code answered",
  },
  {
    rule: "sleep",
    where: tests,
    find: (place) =>
      /^(sleep|sleepSync|setTimeout)$/.test(place.text(0)) && place.text(1) === "("
        ? place.text(0)
        : null,
    instead: "a wait is too short on a slow machine, too long on a fast one; wait for a condition",
  },
  {
    rule: "fixed-port",
    where: tests,
    find: fixedPort,
    instead: "another process may have it; use port 0 and ask which it became",
  },
];

/** Rules from `world` to `fixed-port`, all of them over single words of code. */
export function checkWords(project: Project): Finding[] {
  const found: Finding[] = [];
  for (const path of project.sources()) {
    const module = project.module(path);
    const here = words.filter((word) => word.where.test(path));
    module.code.forEach((token, at) => {
      const place: Place = {
        text: (ahead) => codeText(module.code[at + ahead]),
        kind: (ahead) => module.code[at + ahead]?.kind,
      };
      for (const word of here) {
        const subject = word.find(place);
        if (subject === null) continue;
        const text = subject === word.rule ? word.instead : `${subject}: ${word.instead}`;
        found.push({ rule: word.rule, path, line: token.line, subject, text });
      }
    });
    found.push(...checkWorldImports(path, module));
  }
  return found;
}

function codeText(token: Token | undefined): string {
  return token?.kind === "string" || token?.kind === "template" ? "" : (token?.text ?? "");
}

/** A use of the global `name`: no property of something else, no key, no method of that name. */
function global(place: Place, name: string): boolean {
  if (place.text(0) !== name || place.text(-1) === "." || place.text(-1) === "?.") return false;
  return [".", "?.", "[", "("].includes(place.text(1));
}

function worldly(place: Place): string | null {
  const name = place.text(0);
  if (place.text(-1) === "." || place.text(-1) === "?.") return null;
  if (worldNames.has(name)) {
    const used = [".", "(", "[", ")", ",", ";", "?."].includes(place.text(1));
    return used && !["function", "#"].includes(place.text(-1)) ? name : null;
  }
  if (name === "Math" && place.text(2) === "random") return "Math.random";
  // `new Date(milliseconds)` only formats what it is given; the others ask the machine.
  const constructed = place.text(-1) === "new" && place.text(2) !== ")";
  return name === "Date" && [".", "("].includes(place.text(1)) && !constructed ? "Date" : null;
}

/** `any` where a type stands: not a property, a key or a call. */
function isType(place: Place, name: string): boolean {
  return (
    place.kind(0) === "name" &&
    place.text(0) === name &&
    ![".", "?."].includes(place.text(-1)) &&
    !["(", ":"].includes(place.text(1))
  );
}

function declares(place: Place, ...keywords: string[]): boolean {
  return (
    keywords.includes(place.text(0)) &&
    place.text(-1) !== "." &&
    place.kind(1) === "name" &&
    place.text(2) === "{"
  );
}

function registration(place: Place, members: readonly string[]): string | null {
  const isMember = registers.has(place.text(0)) && place.text(1) === ".";
  const hit = isMember && members.includes(place.text(2));
  return hit ? place.text(2) : null;
}

/** `port: 8080` among the arguments of a call that opens a socket. */
function fixedPort(place: Place): string | null {
  const number = place.kind(2) === "number" && place.text(2) !== "0";
  if (place.text(0) !== "port" || place.text(1) !== ":" || !number) return null;
  let nested = 0;
  for (let ahead = -1; place.kind(ahead) !== undefined && place.text(ahead) !== ";"; ahead--) {
    if (place.text(ahead) === ")") nested++;
    if (place.text(ahead) === "(" && --nested < 0) {
      return /^(listen|serve|connect|createConnection)$/.test(place.text(ahead - 1))
        ? `port ${place.text(2)}`
        : null;
    }
  }
  return null;
}

function checkWorldImports(path: string, module: Module): Finding[] {
  if (!sources.test(path)) return [];
  return module.imports
    .filter(({ specifier }) => /^(node:|bun$|bun:)/.test(specifier))
    .map(({ line, specifier }) => {
      const subject = specifier === "bun" ? "Bun" : specifier;
      const text = `${specifier}: ${words[0]?.instead ?? ""}`;
      return { rule: "world", path, line, subject, text };
    });
}
