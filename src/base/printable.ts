/**
 * Text from outside, made safe to show: topic names, keys, client ids and error messages are
 * anybody's bytes, and a line break or an escape sequence among them would forge a log line or
 * drive the reader's terminal. The escapes are JSON's, so both kinds of output use the same ones.
 */

/**
 * Controls (C0, C1), lone surrogates, line and paragraph separators, and the marks that turn the
 * direction of what follows (Unicode Technical Report 36, "Bidirectional Text Spoofing").
 */
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]/gu;

/** What needs an escape in a JSON string and is printable otherwise. */
const delimiter = /["\\]/g;

const escapeOf = (character: string): string => {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
};

/** The first `charactersMax` UTF-16 units, never half of a pair, and how many were left out. */
function cut(text: string, charactersMax: number): [kept: string, left: number] {
  if (text.length <= charactersMax) return [text, 0];
  const last = text.charCodeAt(charactersMax - 1);
  const kept = text.slice(0, last >= 0xd800 && last < 0xdc00 ? charactersMax - 1 : charactersMax);
  return [kept, text.length - kept.length];
}

const remainder = (left: number): string => (left === 0 ? "" : `… (${left} more)`);

/** `text` without anything that a terminal would obey, cut to `charactersMax`. */
export function printable(text: string, charactersMax: number): string {
  const [kept, left] = cut(text, charactersMax);
  return kept.replace(unsafe, escapeOf) + remainder(left);
}

/** The same as a JSON string, quotes included. */
export function quoted(text: string, charactersMax: number): string {
  const [kept, left] = cut(text, charactersMax);
  return `"${kept.replace(delimiter, "\\$&").replace(unsafe, escapeOf)}${remainder(left)}"`;
}
