/**
 * The text of a writer, as read-source.ts has that of a reader. For a row
 * `{ partition: int32, offset: int64, metadata: string }` in a version that is not flexible:
 *
 *     function write0(w, v) {
 *       let a, d;
 *       a = w.take(12); d = w.view;
 *       d.setInt32(a, int32(v.partition));
 *       putInt64(d, a + 4, v.offset);
 *       w.int16String(v.metadata);
 *     }
 *
 * `w` is a Writer, `v` a row, `x` any other value, `d` the DataView in which the position `a` is,
 * `k` the constants. Columns that the version does not carry are left out, whatever they hold.
 */
import { unreachable } from "../base/assert.ts";
import { type Field, type Layout, fixedBytes } from "./layout.ts";
import type { Source } from "./read-source.ts";
import type { Content, FixedTypes, Shape, SizedTypes } from "./table.ts";

/** The source of `(writer, row) => void`. */
export function writeSource(layout: Layout): Source {
  return new WriteSource(layout).source();
}

class WriteSource {
  readonly #functions: string[] = [];
  readonly #constants: unknown[] = [];

  constructor(private readonly layout: Layout) {}

  source(): Source {
    const entry = this.#struct(this.layout.table.shape);
    const text = `${this.#functions.join("\n")}\nreturn ${entry};`;
    return { text, constants: this.#constants };
  }

  /** The name of a function that writes a row. */
  #struct(shape: Shape): string {
    const lines = ["let a, d;", ...this.#placed(this.layout.placed(shape))];
    if (this.layout.flexible) lines.push(...this.#tags(this.layout.tagged(shape)));
    return this.#function("w, v", lines);
  }

  #placed(fields: readonly Field[]): string[] {
    const lines: string[] = [];
    let run: string[] = [];
    let runBytes = 0;
    const endRun = (): void => {
      if (runBytes > 0) lines.push(take(runBytes), ...run);
      run = [];
      runBytes = 0;
    };
    for (const field of fields) {
      const { name, content } = field;
      if (content.kind === "fixed") {
        const at = runBytes === 0 ? "a" : `a + ${runBytes}`;
        run.push(writeFixed[content.type](at, `v.${name}`));
        runBytes += fixedBytes[content.type];
      } else {
        endRun();
        lines.push(this.#field(field));
      }
    }
    endRun();
    return lines;
  }

  /** The tagged fields of a row that hold more than their defaults, each behind its size. */
  #tags(fields: readonly Field[]): string[] {
    if (fields.length === 0) return ["w.uvarint(0);"];
    return [
      ...fields.map((field) => `const has${field.tag} = ${this.#differs(field)};`),
      `w.uvarint(0${fields.map(({ tag }) => ` + has${tag}`).join("")});`,
      ...fields.map((field) => {
        const write = `${this.#tag(field)}(w.beginTag(), v)`;
        return `if (has${field.tag}) { ${write}; w.endTag(${field.tag}); }`;
      }),
    ];
  }

  /** The name of a function that writes the value of a tagged field. */
  #tag(field: Field): string {
    return this.#function("w, v", ["let a, d;", ...this.#placed([field])]);
  }

  /** An expression: whether a column holds something else than its default. */
  #differs({ name, content, fallback }: Field, row = "v"): string {
    const value = `${row}.${name}`;
    if (fallback === null) return `${value} !== null`;
    switch (content.kind) {
      case "fixed":
        return `${value} !== ${JSON.stringify(fallback)}`;
      case "sized":
      case "list":
        return `${value}.length !== 0`;
      case "struct": {
        const fields = this.layout.placed(content.shape);
        const differs = fields.map((each) => this.#differs(each, value)).join(" || ");
        return `${value} !== k[${this.#constants.push(fallback) - 1}] && (${differs})`;
      }
      default:
        return unreachable(content);
    }
  }

  /** A statement that writes one column. */
  #field({ name, content, nullable, nullElsewhere, inflexible }: Field): string {
    const value = `v.${name}`;
    const write = this.#content(content, value, inflexible);
    if (nullElsewhere) {
      return `if (${value} === null) refuseNull(${JSON.stringify(name)}); ${write}`;
    }
    if (!nullable) return write;
    if (content.kind === "struct") {
      return `if (${value} === null) w.isNull(true); else { w.isNull(false); ${write} }`;
    }
    const length = `w.${this.layout.lengthForm(content, inflexible)}Length`;
    return `if (${value} === null) ${length}(-1); else { ${write} }`;
  }

  /** A statement that writes a content. */
  #content(content: Content, value: string, inflexible = false): string {
    switch (content.kind) {
      case "fixed":
        return `${take(fixedBytes[content.type])} ${writeFixed[content.type]("a", value)}`;
      case "sized": {
        const form = this.layout.lengthForm(content, inflexible);
        return `w.${form}${writeSized[content.type]}(${value});`;
      }
      case "list":
        return `${this.#list(content, inflexible)}(w, ${value});`;
      case "struct":
        return `${this.#struct(content.shape)}(w, ${value});`;
      default:
        return unreachable(content);
    }
  }

  /** The name of a function that writes a list. */
  #list(content: Content & { readonly kind: "list" }, inflexible: boolean): string {
    const { element } = content;
    const length = `w.${this.layout.lengthForm(content, inflexible)}Length(v.length);`;
    if (element.kind !== "fixed") {
      const loop = "for (let i = 0; i < v.length; i++)";
      return this.#function("w, v", [length, `${loop} ${this.#content(element, "v[i]")}`]);
    }
    const bytes = fixedBytes[element.type];
    return this.#function("w, v", [
      length,
      `let a = w.take(v.length * ${bytes});`,
      "const d = w.view;",
      `for (let i = 0; i < v.length; i++, a += ${bytes}) ${writeFixed[element.type]("a", "v[i]")}`,
    ]);
  }

  #function(parameters: string, lines: readonly string[]): string {
    const name = `write${this.#functions.length}`;
    const body = lines.map((line) => `  ${line}\n`).join("");
    this.#functions.push(`function ${name}(${parameters}) {\n${body}}`);
    return name;
  }
}

/** Takes bytes, then looks at the view: taking may have replaced it. */
const take = (bytes: number): string => `a = w.take(${bytes}); d = w.view;`;

/** Writes a value into bytes that have been taken. */
const writeFixed: Readonly<Record<keyof FixedTypes, (at: string, value: string) => string>> = {
  bool: (at, value) => `d.setInt8(${at}, ${value} ? 1 : 0);`,
  int8: (at, value) => `d.setInt8(${at}, int8(${value}));`,
  int16: (at, value) => `d.setInt16(${at}, int16(${value}));`,
  uint16: (at, value) => `d.setUint16(${at}, uint16(${value}));`,
  int32: (at, value) => `d.setInt32(${at}, int32(${value}));`,
  int64: (at, value) => `putInt64(d, ${at}, ${value});`,
  roundedInt64: (at, value) => `putRoundedInt64(d, ${at}, ${value});`,
  uuid: (at, value) => `putUuid(d, ${at}, ${value});`,
};

/** The second half of the name of the method that writes it, after the form of its length. */
const writeSized: Readonly<Record<keyof SizedTypes, string>> = {
  string: "String",
  bytes: "Bytes",
  records: "Bytes",
  batches: "Batches",
};
