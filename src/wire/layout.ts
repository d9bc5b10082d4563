/**
 * What one version makes of a table: which columns it carries, which of them may be null, how few
 * bytes they can take. Reading and writing (read-source.ts, write-source.ts) both follow it.
 */
import { assert } from "../base/assert.ts";
import type { AnyColumn, Content, FixedTypes, Shape, Table } from "./table.ts";

export const fixedBytes: Readonly<Record<keyof FixedTypes, number>> = {
  bool: 1,
  int8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  int64: 8,
  roundedInt64: 8,
  uuid: 16,
};

/** Structs and lists within one another; no table comes near it. */
const depthMax = 8;

/** How the length before a string, a list or bytes is written. */
export type LengthForm = "compact" | "int16" | "int32";

/** One carried column. */
export interface Field {
  readonly name: string;
  readonly content: Content;
  readonly nullable: boolean;
  readonly tag: number;
  readonly fallback: unknown;
  /** Never null in this version, and sometimes in others: a writer has to look. */
  readonly nullElsewhere: boolean;
  readonly inflexible: boolean;
}

/** One version of one table. */
export class Layout {
  readonly flexible: boolean;

  constructor(
    readonly table: Table,
    readonly version: number,
  ) {
    const [oldest, newest] = table.versions;
    const known = Number.isInteger(version) && version >= oldest && version <= newest;
    assert(known, `${table.name} has no version ${version}`);
    assert(depth(table.shape) <= depthMax, `${table.name} is nested too deeply`);
    this.flexible = version >= table.flexibleSince;
  }

  /** The columns of a shape that have their place, in wire order. */
  placed(shape: Shape): Field[] {
    return this.#carried(shape).filter(({ tag }) => tag < 0);
  }

  /** Those among the tagged fields, by tag. */
  tagged(shape: Shape): Field[] {
    const fields = this.#carried(shape).filter(({ tag }) => tag >= 0);
    return fields.sort((a, b) => a.tag - b.tag);
  }

  carries({ rules }: AnyColumn): boolean {
    return rules.since <= this.version && this.version <= rules.until;
  }

  /** How the length of a list or of a sized content is written. */
  lengthForm(content: Content, inflexible: boolean): LengthForm {
    if (this.flexible && !inflexible) return "compact";
    return content.kind === "sized" && content.type === "string" ? "int16" : "int32";
  }

  /** The fewest bytes that it can take. */
  bytesMin(content: Content, inflexible = false): number {
    if (content.kind === "struct") {
      const placed = this.placed(content.shape).map((field) => this.#fieldBytesMin(field));
      return placed.reduce((sum, bytes) => sum + bytes, this.flexible ? 1 : 0);
    }
    if (content.kind === "fixed") return fixedBytes[content.type];
    return { compact: 1, int16: 2, int32: 4 }[this.lengthForm(content, inflexible)];
  }

  #fieldBytesMin({ content, nullable, inflexible }: Field): number {
    // A struct that may be null begins with a byte that says whether it is.
    return nullable && content.kind === "struct" ? 1 : this.bytesMin(content, inflexible);
  }

  #carried(shape: Shape): Field[] {
    const carried = Object.entries(shape).filter(([, column]) => this.carries(column));
    return carried.map(([name, { content, rules }]) => {
      const nullable = this.version >= rules.nullableSince;
      assert(!nullable || content.kind !== "fixed", `${this.table.name}: ${name} can't be null`);
      assert(rules.tag < 0 || this.flexible, `${this.table.name}: ${name} has a tag too early`);
      const nullElsewhere = !nullable && rules.nullableSince !== Infinity;
      const { tag, fallback, inflexible } = rules;
      return { name, content, nullable, tag, fallback, nullElsewhere, inflexible };
    });
  }
}

function depth(shape: Shape): number {
  const columns = Object.values(shape).map(({ content }) => 1 + contentDepth(content));
  return Math.max(0, ...columns);
}

function contentDepth(content: Content): number {
  if (content.kind === "list") return contentDepth(content.element);
  return content.kind === "struct" ? depth(content.shape) : 0;
}
