/**
 * JSON as it is read by people: indented, and in tokens that can be coloured. Made of the text and
 * not of parsed values, so that numbers keep all their digits and names their order. Pure.
 */

/** One token, with what stands before it. */
export interface Token {
  readonly kind: "name" | "text" | "number" | "word" | "mark";
  readonly text: string;
}

/** `null`: it is no JSON, or only a plain text or number. */
export function jsonTokens(text: string): readonly Token[] | null {
  if (!/^\s*[{[]/.test(text) || !isJson(text)) return null;
  const tokens: Token[] = [];
  const add = (kind: Token["kind"], words: string): void => void tokens.push({ kind, text: words });
  let depth = 0;
  const line = (): string => `\n${"  ".repeat(depth)}`;
  const found = text.match(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g) ?? [];
  for (const [at, word] of found.entries()) {
    const next = found[at + 1] ?? "";
    const isEmpty = (word === "{" && next === "}") || (word === "[" && next === "]");
    if (word === "{" || word === "[") {
      depth += 1;
      add("mark", isEmpty ? word : word + line());
    } else if (word === "}" || word === "]") {
      depth -= 1;
      const before = found[at - 1];
      add("mark", before === "{" || before === "[" ? word : line() + word);
    } else if (word === ",") add("mark", word + line());
    else if (word === ":") add("mark", ": ");
    else if (word.startsWith('"')) add(next === ":" ? "name" : "text", word);
    else add(/^[-\d]/.test(word) ? "number" : "word", word);
  }
  return tokens;
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
}
