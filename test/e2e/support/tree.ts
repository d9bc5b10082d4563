/** Everything below a directory, as text that can be compared. */
import fs from "node:fs";
import { join } from "node:path";

/** Each path below `root`, sorted, with what is there: `file 12 <hash>`, `directory`, … */
export function treeOf(root: string): Record<string, string> {
  const entries = fs.readdirSync(root, { recursive: true, encoding: "utf8" }).sort();
  return Object.fromEntries(entries.map((name) => [name, contentOf(join(root, name))]));
}

function contentOf(path: string): string {
  const stat = fs.lstatSync(path);
  if (stat.isDirectory()) return "directory";
  if (!stat.isFile()) return "neither file nor directory";
  return `file of ${stat.size} bytes, ${Bun.hash(fs.readFileSync(path))}`;
}
