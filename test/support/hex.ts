/** Bytes as text: golden files of named hexadecimal, and short ones spelled in a test. */
import { readGolden } from "./golden.ts";

/** The entries of `test/golden/<name>`: `[name]`, then lines of hexadecimal; `#` is a comment. */
export function readHexGolden(name: string): Map<string, Uint8Array> {
  const entries = new Map<string, string>();
  let entry = "";
  for (const line of readGolden(name).split("\n")) {
    if (line.startsWith("#")) continue;
    if (line.startsWith("[")) entry = line.slice(1, -1);
    else if (line !== "") entries.set(entry, (entries.get(entry) ?? "") + line);
  }
  return new Map([...entries].map(([key, text]) => [key, bytesOf(text)]));
}

/** The bytes that hexadecimal digits spell; blanks between them are for the reader. */
export function bytesOf(hex: string): Uint8Array {
  return Uint8Array.fromHex(hex.replaceAll(/\s/g, ""));
}

/** The bytes of UTF-8 text. */
export function textBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
