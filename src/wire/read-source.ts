/**
 * The text of a reader: one table at one version becomes straight-line functions, in which no
 * version is asked for and no column looked up any more. Neighbouring columns of fixed size are
 * checked against the end of the frame once, and read at constant distances. For a row
 * `{ partition: int32, offset: int64, metadata: string }` in a version that is not flexible:
 *
 *     function read0(r) {
 *       const d = r.view;
 *       let a, n;
 *       a = r.take(12);
 *       const $partition = d.getInt32(a);
 *       const $offset = r.int64(a + 4);
 *       const $metadata = r.string(r.int16Length());
 *       return { partition: $partition, offset: $offset, metadata: $metadata };
 *     }
 *
 * `r` is a Reader, `d` its DataView, `a` a position, `n` a length, `k` the constants.
 */
import { unreachable } from "../base/assert.ts";
import { type Field, type Layout, fixedBytes } from "./layout.ts";
import type { Content, FixedTypes, Shape, SizedTypes } from "./table.ts";

/** Code, and the values that it speaks of as `k[0]`, `k[1]` … */
export interface Source {
  /** Functions, then a `return` of the one to call. */
  readonly text: string;
  readonly constants: readonly unknown[];
}

/** The source of `(reader) => row`. */
export function readSource(layout: Layout): Source {
  return new ReadSource(layout).source();
}

/**
 * Short lists are allocated at once, which is a sixth faster; longer ones grow as they are read,
 * since a count is a client's word.
 */
const newList = "list = new Array(Math.min(n, 64))";

class ReadSource {
  readonly #functions: string[] = [];
  readonly #constants: unknown[] = [];

  constructor(private readonly layout: Layout) {}

  source(): Source {
    const entry = this.#struct(this.layout.table.shape);
    const text = `${this.#functions.join("\n")}\nreturn ${entry};`;
    return { text, constants: this.#constants };
  }

  /** The name of a function that reads a row. */
  #struct(shape: Shape): string {
    const lines = ["const d = r.view;", "let a, n;", ...this.#placed(this.layout.placed(shape))];
    if (this.layout.flexible) lines.push(...this.#tags(this.layout.tagged(shape)));
    const members = Object.entries(shape).map(([name, column]) => {
      const value = this.layout.carries(column) ? `$${name}` : this.#value(column.rules.fallback);
      return `${name}: ${value}`;
    });
    lines.push(`return { ${members.join(", ")} };`);
    return this.#function("r", lines);
  }

  #placed(fields: readonly Field[]): string[] {
    const lines: string[] = [];
    let run: string[] = [];
    let runBytes = 0;
    const endRun = (): void => {
      if (runBytes > 0) lines.push(`a = r.take(${runBytes});`, ...run);
      run = [];
      runBytes = 0;
    };
    for (const field of fields) {
      const { name, content } = field;
      if (content.kind === "fixed") {
        const at = runBytes === 0 ? "a" : `a + ${runBytes}`;
        run.push(`const $${name} = ${readFixed[content.type](at)};`);
        runBytes += fixedBytes[content.type];
      } else {
        endRun();
        lines.push(`const $${name} = ${this.#field(field)};`);
      }
    }
    endRun();
    return lines;
  }

  /** The tagged fields of a row; those that this version does not know are left out. */
  #tags(fields: readonly Field[]): string[] {
    if (fields.length === 0) return ["r.skipTags();"];
    const cases = fields.map((field) => {
      return `    case ${field.tag}: $${field.name} = ${this.#field(field)}; break;`;
    });
    return [
      ...fields.map(({ name, fallback }) => `let $${name} = ${this.#value(fallback)};`),
      "for (let left = r.uvarint(); left > 0; left--) {",
      "  const tag = r.uvarint(), end = r.tagEnd();",
      "  switch (tag) {",
      ...cases,
      "    default: r.at = end;",
      "  }",
      "  r.expectTagEnd(end);",
      "}",
    ];
  }

  /** An expression that reads one column. */
  #field({ content, nullable, inflexible }: Field): string {
    if (!nullable) return this.#content(content, inflexible);
    if (content.kind === "struct") return `r.isNull() ? null : ${this.#content(content)}`;
    const length = this.#length(content, inflexible);
    return `(n = ${length}) < 0 ? null : ${this.#content(content, inflexible, "n")}`;
  }

  /** An expression that reads a content; `length` is one for its length, if it has one. */
  #content(
    content: Content,
    inflexible = false,
    length = this.#length(content, inflexible),
  ): string {
    switch (content.kind) {
      case "fixed":
        return readFixed[content.type](`r.take(${fixedBytes[content.type]})`);
      case "sized":
        return `${readSized[content.type]}(${length})`;
      case "list":
        return `${this.#list(content.element)}(r, ${length})`;
      case "struct":
        return `${this.#struct(content.shape)}(r)`;
      default:
        return unreachable(content);
    }
  }

  /** The name of a function that reads a list of a given length. */
  #list(element: Content): string {
    if (element.kind === "fixed") {
      const bytes = fixedBytes[element.type];
      return this.#function("r, n", [
        "if (n === 0) return none;",
        `r.expectFixed(n, ${bytes});`,
        `const d = r.view, ${newList};`,
        `let a = r.take(n * ${bytes});`,
        `for (let i = 0; i < n; i++, a += ${bytes}) list[i] = ${readFixed[element.type]("a")};`,
        "return list;",
      ]);
    }
    return this.#function("r, n", [
      "if (n === 0) return none;",
      `r.expect(n, ${Math.max(1, this.layout.bytesMin(element))});`,
      `const ${newList};`,
      `for (let i = 0; i < n; i++) list[i] = ${this.#content(element)};`,
      "return list;",
    ]);
  }

  #length(content: Content, inflexible: boolean): string {
    return `r.${this.layout.lengthForm(content, inflexible)}Length()`;
  }

  /** A literal, or a constant by its number. */
  #value(value: unknown): string {
    if (value === null || typeof value !== "object") return JSON.stringify(value);
    return `k[${this.#constants.push(value) - 1}]`;
  }

  #function(parameters: string, lines: readonly string[]): string {
    const name = `read${this.#functions.length}`;
    const body = lines.map((line) => `  ${line}\n`).join("");
    this.#functions.push(`function ${name}(${parameters}) {\n${body}}`);
    return name;
  }
}

/** Reads a value whose bytes are known to be there. */
const readFixed: Readonly<Record<keyof FixedTypes, (at: string) => string>> = {
  bool: (at) => `d.getInt8(${at}) !== 0`,
  int8: (at) => `d.getInt8(${at})`,
  int16: (at) => `d.getInt16(${at})`,
  uint16: (at) => `d.getUint16(${at})`,
  int32: (at) => `d.getInt32(${at})`,
  int64: (at) => `r.int64(${at})`,
  roundedInt64: (at) => `roundedInt64(d, ${at})`,
  uuid: (at) => `uuidAt(d, ${at})`,
};

/** The method that reads so many bytes. */
const readSized: Readonly<Record<keyof SizedTypes, string>> = {
  string: "r.string",
  bytes: "r.bytes",
  records: "r.bytes",
  batches: "r.batches",
};
