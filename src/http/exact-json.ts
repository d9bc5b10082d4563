/**
 * JSON from outside: bounded in depth, and with numbers that keep all their digits.
 *
 * - A number that a double would change (an id of nineteen digits, 1e400, -0) is kept as its own
 *   text, which `JSON.stringify` writes out again as it was. That costs much more than plain
 *   parsing, so it is done up to `exactJsonCharactersMax`; in larger texts such numbers are
 *   rounded, and one that would become `null`, since no double is near it, is refused.
 * - Nested more than `jsonDepthMax` deep it is refused: the runtime's parser and printer recurse.
 *
 * Source: TC39 "JSON.parse source text access".
 */
import { exactJsonCharactersMax, jsonDepthMax, shownCharactersMax } from "../limits.ts";

/** What the reviver is told beside name and value; the types don't have it yet. */
interface Source {
  readonly source?: string;
}

/** The types don't have it yet. */
interface RawJson {
  rawJSON(text: string): unknown;
}

/** Only so many digits in a row, such an exponent, or minus nothing can be changed by a double. */
const inexact = /\d{16}|[eE][+-]?\d{3}|-0(?:\.0+)?(?=[\s,\]}]|$)/;

/** And only this can be too large for one. */
const overflowing = /[eE]\+?\d{3}|\d{309}/;

/** Parses; throws a SyntaxError as `JSON.parse` does, also for what is nested too deep. */
export function parseExact(text: string): unknown {
  const isLarge = text.length > exactJsonCharactersMax;
  const fault = faultIn(text, isLarge && overflowing.test(text));
  if (fault !== null) throw new SyntaxError(fault);
  if (isLarge || !inexact.test(text)) return JSON.parse(text);
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

/** Looks at brackets, braces and, if it is to, numbers outside of texts; `null`: they can be. */
function faultIn(text: string, looksAtNumbers: boolean): string | null {
  if (text.length <= jsonDepthMax) return null;
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
      if (depth > jsonDepthMax) return `it is nested more than ${jsonDepthMax} deep`;
    } else if (code === closeBracket || code === closeBrace) depth -= 1;
    else if (looksAtNumbers && isDigit(code)) {
      const number = numberAt(text, at);
      if (!Number.isFinite(Number(number))) {
        return `${number.slice(0, shownCharactersMax)} is more than a double can be`;
      }
      at += number.length - 1;
    }
  }
  return null;
}

const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;

/** From its first digit on. */
function numberAt(text: string, from: number): string {
  let end = from + 1;
  while (/[\d.eE+-]/.test(text.charAt(end))) end += 1;
  return text.slice(from, end);
}
