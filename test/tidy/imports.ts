/** Imports point along the path of a record, never back and never across. */
import type { Finding } from "./finding.ts";
import { Project } from "./project.ts";
import { type Direction, directions } from "./rules.ts";

/** Rules `imports` and `extension`. */
export function checkImports(project: Project): Finding[] {
  const found: Finding[] = [];
  for (const path of project.sources()) {
    for (const { line, specifier } of project.module(path).imports) {
      const target = Project.resolve(path, specifier);
      if (target === null) continue;
      const text = path.startsWith("src/") ? refusal(path, target) : null;
      if (text !== null) found.push({ rule: "imports", path, line, subject: target, text });
      if (!/\.\w+$/.test(specifier)) {
        found.push({
          rule: "extension",
          path,
          line,
          subject: specifier,
          text: `"${specifier}" names no file; write its extension, as the runtime reads it`,
        });
      }
    }
  }
  return found;
}

/** Why the file `path` may not import `target`; `null` if it may. */
function refusal(path: string, target: string): string | null {
  const from = place(path);
  const direction = directions.find((row) => row.from === from);
  if (direction === undefined) {
    return `${from} has no row in test/tidy/rules.ts; say there what it may import`;
  }
  if (!target.startsWith("src/") && !direction.may.includes(target)) {
    return `${from} may not reach out of src: what ships imports nothing that doesn't`;
  }
  const to = place(target);
  const file = target.slice("src/".length);
  const allowed = [from, "limits.ts", ...direction.may];
  if (allowed.includes("*") || allowed.includes(to) || allowed.includes(file)) return null;
  return `${from} may import ${list(direction)}, not ${file}; ${direction.instead}`;
}

/** The folder of `src` that holds the file, or the file itself if it lies right in `src`. */
function place(path: string): string {
  return path.split("/")[1] ?? path;
}

function list(direction: Direction): string {
  return direction.may.join(", ") || "nothing";
}

/** The table in `src/README.md`, as the formatter would write it. */
export function importsTable(rows: readonly Direction[]): string {
  const cells = [
    ["folder", "may import"],
    ...rows.map((row) => [code([row.from]), row.may[0] === "*" ? "everything" : code(row.may)]),
  ];
  const widths = [0, 1].map((column) =>
    Math.max(...cells.map((row) => (row[column] ?? "").length)),
  );
  const lines = cells.map((row) => {
    return `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  });
  lines.splice(1, 0, `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`);
  return lines.join("\n");
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(", ") || "nothing";
}
