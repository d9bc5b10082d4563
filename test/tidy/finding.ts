/** What a check says, and the names of everything that is checked. */

/** Every rule; `test/golden/tidy.txt` has a case that breaks each. */
export const ruleNames = [
  ...(["imports", "extension"] as const),
  ...(["world", "console", "generated-code", "any", "enum", "namespace"] as const),
  ...(["default-export", "abbreviation", "directive", "header", "catch"] as const),
  ...(["focus", "skip", "empty-check", "sleep", "fixed-port"] as const),
  ...(["leftover", "machine-path"] as const),
  ...(["columns", "function-lines", "file-lines", "file-bytes"] as const),
  ...(["unreached", "unused-export", "test-only-export", "untested"] as const),
  ...(["title", "wrap", "link", "imports-table", "exceptions"] as const),
];
export type RuleName = (typeof ruleNames)[number];

/** One violation: `text` says what is wrong, why that matters and where to go instead. */
export interface Finding {
  readonly rule: RuleName;
  readonly path: string;
  readonly line: number;
  /** What an exception can name: an import, an identifier, a function. */
  readonly subject: string;
  readonly text: string;
}

/** As an editor understands it: `path:line: rule: text`. */
export function formatFinding(finding: Finding): string {
  return `${finding.path}:${finding.line}: ${finding.rule}: ${finding.text}`;
}
