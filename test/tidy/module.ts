/**
 * What one TypeScript file imports, exports and defines, read from its tokens. Bun's own scanner
 * drops `import type`, and the type checker has no interface for programs: hence this reader.
 */
import { type Token, tokenize } from "./tokens.ts";

/** One `import`, `export … from` or `import()`. */
export interface Import {
  readonly line: number;
  readonly specifier: string;
  /** The exported names asked for; `null` if it may use all of them. */
  readonly names: readonly string[] | null;
}

/** One exported name. */
export interface Export {
  readonly line: number;
  readonly name: string;
  readonly type: boolean;
}

/** One function, method or arrow, with the lines from its head to its end. */
export interface Body {
  readonly line: number;
  readonly lines: number;
  readonly name: string;
  /** It registers tests, so it is a list of them rather than a piece of logic. */
  readonly suite: boolean;
}

/** One file, read. */
export interface Module {
  /** Everything but comments. */
  readonly code: readonly Token[];
  readonly comments: readonly Token[];
  readonly imports: readonly Import[];
  readonly exports: readonly Export[];
  readonly bodies: readonly Body[];
}

const opening = new Set(["(", "[", "{"]);
const closing = new Set([")", "]", "}"]);
/** Heads of blocks that look like a method's: a name, parentheses, a brace. */
const control = new Set(["if", "for", "while", "switch", "catch", "with", "await", "super"]);
/** Names that end the search for a function's head: the brace belongs to them. */
const blocks = new Set(
  "else do try finally class interface enum const let var return import export type static".split(
    " ",
  ),
);

/** Reads one file. */
export function readModule(source: string): Module {
  const tokens = tokenize(source);
  const code = tokens.filter((token) => token.kind !== "comment");
  const reader = new Reader(code);
  return {
    code,
    comments: tokens.filter((token) => token.kind === "comment"),
    imports: reader.imports(),
    exports: reader.exports(),
    bodies: reader.bodies(),
  };
}

class Reader {
  /** For each bracket the index of its partner. */
  private readonly partner = new Map<number, number>();
  /** For each token the number of brackets around it. */
  private readonly depth: number[] = [];

  constructor(private readonly code: readonly Token[]) {
    const open: number[] = [];
    code.forEach((token, at) => {
      const bracket = token.kind === "punctuation" ? token.text : "";
      if (closing.has(bracket)) {
        const from = open.pop();
        if (from !== undefined) this.partner.set(at, from).set(from, at);
      }
      this.depth.push(open.length);
      if (opening.has(bracket)) open.push(at);
    });
  }

  /** The text of a token that is code: strings and templates answer nothing. */
  private text(at: number): string {
    const token = this.code[at];
    return token?.kind === "name" || token?.kind === "punctuation" ? token.text : "";
  }

  private line(at: number): number {
    return this.code[at]?.line ?? 0;
  }

  imports(): Import[] {
    const found: Import[] = [];
    this.code.forEach((token, at) => {
      if (token.kind !== "name" || this.text(at - 1) === ".") return;
      const next = this.text(at + 1);
      if (token.text === "import" && next === "(") this.specifier(found, at, at + 2, null);
      else if (token.text === "import" && next !== ".") this.clause(found, at);
      else if (token.text === "export" && (next === "{" || next === "*")) this.clause(found, at);
      else if (token.text === "export" && next === "type" && this.text(at + 2) === "{") {
        this.clause(found, at);
      }
    });
    return found;
  }

  /** Reads `import …` or `export …` up to the string after `from`, if it has one. */
  private clause(found: Import[], at: number): void {
    let names: string[] | null = [];
    let end = at + 1;
    for (; end < this.code.length && this.text(end) !== ";"; end++) {
      const token = this.code[end];
      if (token?.kind === "string") break;
      if (token?.text === "{") names?.push(...this.list(end));
      if (token?.text === "{") end = this.partner.get(end) ?? end;
      if (token?.text === "*") names = this.namespace(end);
    }
    this.specifier(found, at, end, names);
  }

  private specifier(found: Import[], at: number, end: number, names: Import["names"]): void {
    const token = this.code[end];
    if (token?.kind !== "string") return;
    found.push({ line: this.line(at), specifier: token.text, names });
  }

  /** The names of `{ a, type b, c as d }`, as the other file calls them. */
  private list(open: number): string[] {
    return this.items(open).map((item) => item[0] ?? "");
  }

  private items(open: number): string[][] {
    const items: string[][] = [[]];
    for (let at = open + 1; at < (this.partner.get(open) ?? open); at++) {
      if (this.text(at) === ",") items.push([]);
      else if (this.text(at) !== "type" || [",", "}", "as"].includes(this.text(at + 1))) {
        items.at(-1)?.push(this.text(at));
      }
    }
    return items.filter((item) => item.length > 0);
  }

  /** What `* as space` uses: each `space.name`, or all of it if it is used in another way. */
  private namespace(star: number): string[] | null {
    if (this.text(star + 1) !== "as" || this.text(star + 3) !== "from") return null;
    const space = this.text(star + 2);
    const names: string[] = [];
    for (let at = star + 3; at < this.code.length; at++) {
      if (this.text(at) !== space || this.text(at - 1) === ".") continue;
      if (this.text(at + 1) !== ".") return null;
      names.push(this.text(at + 2));
    }
    return names;
  }

  exports(): Export[] {
    const found: Export[] = [];
    this.code.forEach((_, at) => {
      if (this.text(at) === "export" && this.depth[at] === 0) this.exported(found, at);
    });
    return found;
  }

  private exported(found: Export[], at: number): void {
    const type = ["type", "interface"].includes(this.text(at + 1));
    const add = (name: string, where: number): void => {
      if (name !== "" && name !== "*") found.push({ line: this.line(where), name, type });
    };
    let next = at + 1;
    while (["type", "async", "abstract", "declare"].includes(this.text(next))) next++;
    const head = this.text(next);
    if (head === "{") {
      for (const item of this.items(next)) add(item.at(-1) ?? "", at);
    } else if (["const", "let", "var"].includes(head)) {
      this.declarators(next, add);
    } else if (["function", "class", "interface"].includes(head)) {
      add(this.text(this.text(next + 1) === "*" ? next + 2 : next + 1), at);
    } else if (head !== "default") {
      add(head, at);
    }
  }

  /** The names of `const a = …, b = …;`. */
  private declarators(keyword: number, add: (name: string, where: number) => void): void {
    for (let at = keyword; at < this.code.length && this.text(at) !== ";"; at++) {
      const first = at === keyword || this.text(at) === ",";
      const named = ["=", ":"].includes(this.text(at + 2));
      if (first && named) add(this.text(at + 1), at + 1);
      at = this.closes(at);
    }
  }

  /** The index of the bracket that closes the one at `at`; `at` itself if it opens none. */
  private closes(at: number): number {
    const partner = this.partner.get(at);
    return partner !== undefined && partner > at ? partner : at;
  }

  bodies(): Body[] {
    const found: Body[] = [];
    this.code.forEach((_, at) => {
      if (this.text(at) === "=>") {
        const opens = this.text(at + 1) === "{";
        const end = opens ? this.closes(at + 1) : this.expressionEnd(at + 1);
        this.body(found, this.arrowHead(at), at + 1, end);
      } else if (this.text(at) === "{" && this.text(at - 1) !== "=>") {
        const head = this.methodHead(at);
        if (head !== null) this.body(found, head, at, this.closes(at));
      }
    });
    return found;
  }

  private body(found: Body[], head: number, from: number, to: number): void {
    let suite = false;
    for (let at = from; at < to; at++) {
      const registers = /^(describe|test|test[A-Z]\w*)$/.test(this.text(at));
      suite ||= registers && this.text(at + 1) === "(" && this.text(at - 1) !== ".";
    }
    const isName = this.code[head]?.kind === "name";
    const before = this.text(head - 1) === "async" ? head - 2 : head - 1;
    const assigned = this.text(before) === "=" ? this.text(before - 1) : "";
    const name = (isName ? this.text(head) : assigned) || "a function";
    const line = this.line(head);
    found.push({ line, lines: this.line(to) - line + 1, name, suite });
  }

  /**
   * The end of an arrow's expression: before the comma, semicolon or bracket that follows it. A
   * brace after a type's name (`(): () => void {`) begins a body: there the arrow was a type.
   */
  private expressionEnd(from: number): number {
    let at = from;
    for (; at < this.code.length; at++) {
      at = this.closes(at);
      const next = this.text(at + 1);
      if ([",", ";"].includes(next) || closing.has(next)) break;
      if (next === "{" && (this.code[at]?.kind === "name" || this.text(at) === ">")) break;
    }
    return Math.min(at, this.code.length - 1);
  }

  /** Where an arrow's parameters begin. */
  private arrowHead(arrow: number): number {
    const head = this.parameters(arrow);
    return head ?? arrow - 1;
  }

  /** The name of the function whose body opens at `brace`; `null` if it is no function's. */
  private methodHead(brace: number): number | null {
    const parameters = this.parameters(brace);
    if (parameters === null) return null;
    let at = parameters - 1;
    if (this.text(at) === ">") at = this.before(at, "<");
    const name = this.text(at);
    if (control.has(name) || this.text(at - 1) === "extends" || this.text(at - 1) === "await") {
      return null;
    }
    return this.code[at]?.kind === "name" || this.text(at) === "*" ? at : parameters;
  }

  /** Steps back over a balanced `<…>`; answers the index before it. */
  private before(close: number, open: string): number {
    let nested = 0;
    for (let at = close; at >= 0; at--) {
      if (this.text(at) === ">") nested++;
      if (this.text(at) === open && --nested === 0) return at - 1;
    }
    return -1;
  }

  /** The `(` of `(…)` or `(…): Type` right before `end`; `null` if something else stands there. */
  private parameters(end: number): number | null {
    let angles = 0;
    for (let at = end - 1; at >= 0; at--) {
      const text = this.text(at);
      const partner = this.partner.get(at);
      if (text === ")" && (at === end - 1 || (angles === 0 && this.text(at + 1) === ":"))) {
        return partner ?? null;
      }
      if (text === ">") angles++;
      if (text === "<") angles--;
      if (closing.has(text)) at = partner ?? at;
      else if (opening.has(text) || [";", "="].includes(text) || blocks.has(text)) return null;
      else if (text === "," && angles === 0) return null;
    }
    return null;
  }
}
