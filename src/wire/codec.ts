/**
 * Reading and writing a message: its table at one version, compiled. This is the only place that
 * makes functions of text (STYLE.md): the text comes from read-source.ts and write-source.ts, and
 * they make it from tables in this source alone; nothing that a client sends gets into it.
 *
 * Compiled once for each table and version, on first use (about a millisecond).
 */
import { type Source, readSource } from "./read-source.ts";
import { Layout } from "./layout.ts";
import { Malformed, type Reader, roundedInt64, uuidAt } from "./reader.ts";
import type { Row, Shape, Table } from "./table.ts";
import { writeSource } from "./write-source.ts";
import {
  type Writer,
  int16,
  int32,
  int8,
  putInt64,
  putRoundedInt64,
  putUuid,
  refuseNull,
  uint16,
} from "./writer.ts";

/** One version of one message. */
export interface Codec<S extends Shape> {
  /**
   * The row at `reader.at`, which is then behind it; never throws. Bytes in it are views of the
   * frame. What may follow the row is not looked at: Kafka does not look at it either.
   */
  read(reader: Reader): Row<S> | Malformed;
  /** Writes all columns of this version. A value that does not fit its column is an assertion. */
  write(writer: Writer, row: Row<S>): void;
}

const compiled = new WeakMap<Table, (Codec<Shape> | undefined)[]>();

/** The codec of a version that the table has. */
export function codec<S extends Shape>(table: Table<S>, version: number): Codec<S> {
  let versions = compiled.get(table);
  if (versions === undefined) {
    versions = [];
    compiled.set(table, versions);
  }
  return (versions[version] ??= compile(table, version)) as Codec<S>;
}

function compile(table: Table, version: number): Codec<Shape> {
  const layout = new Layout(table, version);
  const name = `wire/${table.name}.v${version}`;
  type Read = (reader: Reader) => Row<Shape>;
  const read = make<Read>(`${name}.read.js`, readSource(layout));
  const write = make<Codec<Shape>["write"]>(`${name}.write.js`, writeSource(layout));
  return {
    read(reader) {
      try {
        return read(reader);
      } catch (error) {
        if (error instanceof Malformed) return error;
        throw error;
      }
    },
    write,
  };
}

/** What the text may call beside the methods of its Reader and Writer. */
const vocabulary = {
  /** Every empty list, so that a row of three bytes does not cost an array as well. */
  none: Object.freeze([]),
  int16,
  int32,
  int8,
  putInt64,
  putRoundedInt64,
  putUuid,
  refuseNull,
  roundedInt64,
  uint16,
  uuidAt,
};

/** @param name what stack traces and profiles call it */
function make<Made>(name: string, { text, constants }: Source): Made {
  const source = `"use strict";\n${text}\n//# sourceURL=${name}`;
  const build = new Function("k", ...Object.keys(vocabulary), source);
  return build(constants, ...Object.values(vocabulary)) as Made;
}
