/**
 * Rows for tests, from a rule that anyone can follow: the value of a column is a hash of its path,
 * `topics[1].partitions[0].index`. Kafka's own code, filled by the same rule, has written the
 * golden bytes; so a column that is read from another's place has another's value.
 *
 * - `full`: no column has its default. Lists have two elements, one within other lists.
 * - `bare`: null where it may be, otherwise the default; lists of structs have one element, so that
 *   those are seen as well, and other lists none.
 */
import { unreachable } from "../../src/base/assert.ts";
import { type Content, type Shape, type Table } from "../../src/wire/table.ts";

export const variants = ["full", "bare"] as const;
export type Variant = (typeof variants)[number];

/** What is read from a message that was filled so; columns without a place have their defaults. */
export function filledRow(table: Table, version: number, variant: Variant): object {
  return new Filling(version, variant).row(table.shape, "", 0);
}

class Filling {
  constructor(
    private readonly version: number,
    private readonly variant: Variant,
  ) {}

  row(shape: Shape, path: string, depth: number): object {
    const values = Object.entries(shape).map(([name, { content, rules }]) => {
      const isCarried = rules.since <= this.version && this.version <= rules.until;
      const isBareTag = this.variant === "bare" && rules.tag >= 0;
      if (!isCarried || isBareTag) return [name, rules.fallback];
      if (this.variant === "bare" && this.version >= rules.nullableSince) return [name, null];
      return [name, this.#value(content, `${path}${name}`, depth, rules.fallback)];
    });
    return Object.fromEntries(values) as object;
  }

  #value(content: Content, path: string, depth: number, fallback: unknown): unknown {
    switch (content.kind) {
      case "struct":
        return this.row(content.shape, `${path}.`, depth + 1);
      case "list": {
        const { element } = content;
        const count = elementCount(this.variant, element.kind === "struct", depth);
        return Array.from({ length: count }, (_, index) => {
          return this.#value(element, `${path}[${index}]`, depth + 1, undefined);
        });
      }
      case "fixed":
      case "sized":
        if (this.variant === "bare") return fallback;
        if (content.type === "batches") return [valueAt(path, "records", fallback)];
        return valueAt(path, content.type, fallback);
      default:
        return unreachable(content);
    }
  }
}

/** How many elements a list gets. */
function elementCount(variant: Variant, ofStructs: boolean, depth: number): number {
  if (variant === "bare") return ofStructs ? 1 : 0;
  return depth === 0 || !ofStructs ? 2 : 1;
}

/** The value of the column at `path`; `type` in Kafka's words, `int64` within ±2^52. */
function valueAt(path: string, type: string, fallback: unknown): unknown {
  const bits = hash(path);
  const number = numberOf(type, bits, path);
  if (number !== null) return number === fallback ? number + 1 : number;
  if (type === "bool") return fallback !== true;
  if (type === "uuid") return uuidOf(path);
  if (type === "string") return stringOf(path, bits);
  return Uint8Array.from({ length: 3 + (bits % 3) }, (_, index) => hash(`${path}/${index}`) & 0xff);
}

function numberOf(type: string, bits: number, path: string): number | null {
  switch (type) {
    case "int8":
      return (bits << 24) >> 24;
    case "int16":
      return (bits << 16) >> 16;
    case "uint16":
      return bits & 0xffff;
    case "int32":
      return bits | 0;
    case "int64":
    case "roundedInt64":
      return ((hash(`${path}/high`) | 0) >> 11) * 0x1_0000_0000 + bits;
    default:
      return null;
  }
}

/** Some have a character of more than one byte. */
function stringOf(path: string, bits: number): string {
  const name = path.slice(path.lastIndexOf(".") + 1, path.lastIndexOf(".") + 4);
  return `${name}${bits.toString(36)}${bits % 3 === 0 ? "é" : ""}`;
}

function uuidOf(path: string): string {
  const words = [0, 1, 2, 3].map((word) => hash(`${path}/${word}`));
  const hex = words.map((word) => word.toString(16).padStart(8, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/** FNV-1a over the characters, its bits mixed once more (as murmur3 ends): 32 bits. */
function hash(text: string): number {
  let bits = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    bits = Math.imul(bits ^ text.charCodeAt(at), 0x01000193);
  }
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
