/**
 * The corpus: `corpus/<target>/<what it is>.txt`, one case a file. Each line is one input, in
 * hexadecimal, or between quotes where it is text (`\xNN` and `\\` are bytes of their own); `#`
 * begins a comment. A subject takes the lines in their order.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Case } from "./target.ts";

const folder = join(import.meta.dir, "corpus");

/** The cases of a target by the names of their files. */
export function readCorpus(target: string): Map<string, Case> {
  const names = readdirSync(join(folder, target)).sort();
  return new Map(
    names.map((name) => [name, parseCase(readFileSync(join(folder, target, name), "utf8"))]),
  );
}

/** The inputs of a text. */
function parseCase(text: string): Case {
  const lines = text.split("\n").map((line) => line.trim());
  return lines.filter((line) => line !== "" && !line.startsWith("#")).map(parseInput);
}

/** One line. */
export function parseInput(line: string): Uint8Array {
  if (!line.startsWith('"')) return Uint8Array.fromHex(line.replaceAll(" ", ""));
  const quoted = line.slice(1, -1);
  const bytes = quoted.replaceAll(/\\(x[0-9a-f]{2}|n|r|\\)/g, (_, escape: string) => {
    if (escape === "n") return "\n";
    if (escape === "r") return "\r";
    return escape === "\\" ? "\\" : String.fromCharCode(Number.parseInt(escape.slice(1), 16));
  });
  return new Uint8Array(Buffer.from(bytes, "latin1"));
}

/** An input as one line: text where nearly all of it is. */
export function printInput(input: Uint8Array): string {
  const isPlain = (byte: number): boolean => byte === 10 || (byte >= 32 && byte < 127);
  const plain = input.reduce((count, byte) => count + (isPlain(byte) ? 1 : 0), 0);
  if (plain < input.length * 0.9) return input.toHex();
  const characters = [...input].map((byte) => {
    if (byte === 10) return "\\n";
    if (byte === 92) return "\\\\";
    return isPlain(byte) ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  });
  return `"${characters.join("")}"`;
}

/** What to say of a case that fails: how, with what, and how to have it again. */
export function failureText(target: string, finding: string, inputs: Case): string {
  const lines = inputs.map(printInput);
  const asked = lines.map((line) => ` --input '${line.replaceAll("'", "\\x27")}'`);
  return (
    `${target} fails:\n- ${finding.slice(0, 2000)}\n${lines.join("\n")}\n` +
    `again: sh scripts/bun.sh scripts/run.ts fuzz ${target}${asked.join("")}\n`
  );
}
