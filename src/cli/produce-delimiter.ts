/** Bytes that stand between records, or between key and value, as an option: text with escapes. */
import { defineOption } from "./option.ts";
import type { About, Option } from "./option.ts";

/** One or more bytes. Escapes: `\n`, `\r`, `\t`, `\0`, `\\`, and `\xNN` for any byte. */
export const delimiter = <D extends Uint8Array | null>(about: About<D>): Option<Uint8Array | D> =>
  defineOption<Uint8Array, D>(
    {
      placeholder: "<text>",
      expected: "a text that is not empty, in which \\n \\r \\t \\0 \\\\ and \\xNN are escapes",
      range: null,
      parse: bytesOf,
      show: (bytes) => [...bytes].map(textOf).join(""),
    },
    about,
  );

const escapes: ReadonlyMap<string, number> = new Map([
  ["n", 0x0a],
  ["r", 0x0d],
  ["t", 0x09],
  ["0", 0x00],
  ["\\", 0x5c],
]);

const utf8 = new TextEncoder();

function bytesOf(given: string): Uint8Array | undefined {
  const bytes: number[] = [];
  for (const [piece, hex, letter] of given.matchAll(/\\x([\da-f]{2})|\\(.?)|[^\\]+/gis)) {
    if (hex !== undefined) bytes.push(Number.parseInt(hex, 16));
    else if (letter === undefined) bytes.push(...utf8.encode(piece));
    else {
      const byte = escapes.get(letter);
      if (byte === undefined) return undefined;
      bytes.push(byte);
    }
  }
  return bytes.length === 0 ? undefined : new Uint8Array(bytes);
}

function textOf(byte: number): string {
  for (const [letter, escaped] of escapes) if (escaped === byte) return `\\${letter}`;
  if (byte >= 0x20 && byte < 0x7f) return String.fromCharCode(byte);
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
