/** The table in `test/README.md` of the bugs that the simulator has to find. */
import { plantedBugs } from "./planted.ts";

/** The document that shows it, and between which lines; `run.ts docs` rewrites it there. */
export const plantedPath = "test/README.md";
export const plantedMarks = { begin: "<!-- planted -->", end: "<!-- /planted -->" };

/** One row for each bug, as the formatter writes them. */
export function plantedTable(): string {
  const head = ["planted bug", "found within", "of the seeds from"];
  const cells = [
    head,
    ...plantedBugs.map(({ name, seedsMax, fromSeed }) => [name, `${seedsMax}`, `${fromSeed}`]),
  ];
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]!.length)));
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  const rule = line(widths.map((width) => "-".repeat(width)));
  return [line(head), rule, ...cells.slice(1).map(line)].join("\n");
}
