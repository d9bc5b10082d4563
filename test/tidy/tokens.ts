/**
 * Cuts TypeScript into tokens, so that rules can look at code without being fooled by what stands
 * in strings and comments. It knows as much of the language as that needs: comments, strings,
 * templates (whose `${…}` parts are code again) and the difference between a division and a
 * regular expression.
 */

/** `text` of a string or template is its content, without quotes. */
export interface Token {
  readonly kind: "name" | "number" | "string" | "template" | "regex" | "punctuation" | "comment";
  readonly text: string;
  /** Counted from 1. */
  readonly line: number;
}

const whitespace = /\s+/y;
const comment = /\/\/[^\n]*|\/\*[^]*?\*\//y;
const name = /[#@]?[\p{ID_Start}$_][\p{ID_Continue}$]*/uy;
const number = /\.?\d[\w.]*/y;
const string = /"(?:[^"\\\n]|\\[^])*"|'(?:[^'\\\n]|\\[^])*'/y;
const regex = /\/(?:[^/\\\n[]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** From a backtick or the `}` that ends an inserted expression to the next `${` or the end. */
const template = /[`}](?:[^`\\$]|\\[^]|\$(?!\{))*(?:`|\$\{)/y;
const punctuation = /=>|\.\.\.|\?\.|[^]/y;

/** Names after which an expression begins, so that `/` opens a regular expression. */
const beforeExpression = new Set(
  "return typeof case in of delete void throw new else do await yield instanceof".split(" "),
);

/** All tokens of `source`, comments included, in order. */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  /** For each open brace: was it a template's `${`? */
  const braces: boolean[] = [];
  let position = 0;
  let line = 1;
  /** The newest token that is not a comment. */
  let last: Token | undefined;

  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = position;
    return pattern.exec(source)?.[0] ?? null;
  };
  const add = (kind: Token["kind"], raw: string, text: string): void => {
    const token = { kind, text, line };
    tokens.push(token);
    if (kind !== "comment") last = token;
    advance(raw);
  };
  const advance = (raw: string): void => {
    position += raw.length;
    for (let at = raw.indexOf("\n"); at !== -1; at = raw.indexOf("\n", at + 1)) line++;
  };
  const addTemplate = (raw: string): void => {
    if (raw.endsWith("${")) braces.push(true);
    add("template", raw, raw.slice(1, raw.endsWith("${") ? -2 : -1));
  };
  const addPunctuation = (raw: string): void => {
    if (raw === "{") braces.push(false);
    if (raw === "}" && braces.pop() === true) return addTemplate(match(template) ?? raw);
    add("punctuation", raw, raw);
  };

  while (position < source.length) {
    let raw: string | null;
    if ((raw = match(whitespace)) !== null) advance(raw);
    else if ((raw = match(comment)) !== null) add("comment", raw, raw);
    else if ((raw = match(name)) !== null) add("name", raw, raw);
    else if ((raw = match(number)) !== null) add("number", raw, raw);
    else if ((raw = match(string)) !== null) add("string", raw, raw.slice(1, -1));
    else if (source[position] === "`") addTemplate(match(template) ?? "`");
    else if (opensExpression(last) && (raw = match(regex)) !== null) add("regex", raw, raw);
    else addPunctuation(match(punctuation) ?? "");
  }
  return tokens;
}

function opensExpression(last: Token | undefined): boolean {
  if (last === undefined) return true;
  if (last.kind === "name") return beforeExpression.has(last.text);
  return last.kind === "punctuation" && ![")", "]", "}"].includes(last.text);
}
