/**
 * JSON from outside: bounded in depth, and with numbers that keep all their digits.
 *
 * - A number that a double would change (an id of nineteen digits) is kept as its own text, which
 *   `JSON.stringify` writes out again as it was. That costs much more than plain parsing, so it is
 *   done up to `exactJsonCharactersMax`; in larger texts such numbers are rounded.
 * - Nested more than `jsonDepthMax` deep it is refused: the runtime's parser and printer recurse.
 *
 * Source: TC39 "JSON.parse source text access".
 */
import { exactJsonCharactersMax, jsonDepthMax } from "../limits.ts";

/** What the reviver is told beside name and value; the types don't have it yet. */
interface Source {
  readonly source?: string;
}

/** The types don't have it yet. */
interface RawJson {
  rawJSON(text: string): unknown;
}

/** Only where so many digits stand in a row can a double be another number. */
const manyDigits = /\d{16}/;

/** Parses; throws a SyntaxError as `JSON.parse` does, also for what is nested too deep. */
export function parseExact(text: string): unknown {
  if (isTooDeep(text)) throw new SyntaxError(`it is nested more than ${jsonDepthMax} deep`);
  if (text.length > exactJsonCharactersMax || !manyDigits.test(text)) return JSON.parse(text);
  const reviver = (_: string, value: unknown, context?: Source): unknown => {
    const source = context?.source;
    if (typeof value !== "number" || source === undefined || source === String(value)) return value;
    return (JSON as unknown as RawJson).rawJSON(source);
  };
  return JSON.parse(text, reviver);
}

const quote = 0x22;
const backslash = 0x5c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Counts brackets and braces outside of texts. */
function isTooDeep(text: string): boolean {
  if (text.length <= jsonDepthMax) return false;
  let depth = 0;
  let isText = false;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (isText) {
      if (code === backslash) at++;
      else if (code === quote) isText = false;
    } else if (code === quote) isText = true;
    else if (code === openBracket || code === openBrace) {
      depth += 1;
      if (depth > jsonDepthMax) return true;
    } else if (code === closeBracket || code === closeBrace) depth -= 1;
  }
  return false;
}
