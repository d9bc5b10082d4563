/** The table of supported versions in `src/kafka/README.md`, as the formatter would write it. */
import { apis } from "../src/kafka/apis.ts";
import type { Versions } from "../src/wire/table.ts";

/** The document that shows it, and between which lines; `run.ts docs` rewrites it there. */
export const versionsPath = "src/kafka/README.md";
export const versionsMarks = { begin: "<!-- versions -->", end: "<!-- /versions -->" };

/** One row for each API, in the order of their keys. */
export function versionsTable(): string {
  const head = ["key", "API", "served", "advertised", "flexible from"];
  const rows = Object.values(apis).map((api) => [
    String(api.key),
    api.name,
    range(api.versions),
    range(api.advertised),
    api.flexibleSince === Infinity ? "never" : String(api.flexibleSince),
  ]);
  const widths = head.map((_, column) => {
    return Math.max(...[head, ...rows].map((row) => row[column]!.length));
  });
  const line = (cells: readonly string[]): string => {
    return `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  };
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}

const range = ([oldest, newest]: Versions): string =>
  oldest === newest ? String(oldest) : `${oldest}–${newest}`;
