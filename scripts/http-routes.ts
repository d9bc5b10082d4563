/**
 * The table of routes in `src/http/README.md`, as the formatter would write it; `…` is the
 * cluster, `/v3/clusters/{cluster_id}`.
 */
import { allRoutes } from "../src/http/routes.ts";

/** The document that shows it, and between which lines; `run.ts docs` rewrites it there. */
export const routesPath = "src/http/README.md";
export const routesMarks = { begin: "<!-- routes -->", end: "<!-- /routes -->" };

/** One row for each route, in the order of the families. */
export function routesTable(): string {
  const head = ["method", "path", "what it does"];
  const rows = allRoutes({ version: "" }).map(({ method, at, summary }) => {
    return [method, `\`${at.replace("/v3/clusters/{cluster_id}/", "…/")}\``, summary];
  });
  const widths = head.map((_, column) => {
    return Math.max(...[head, ...rows].map((row) => row[column]!.length));
  });
  const line = (cells: readonly string[]): string => {
    return `| ${cells.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`;
  };
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)].join("\n");
}
