/** Writes into documents what code knows better: the table of allowed imports. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { tableMarks, tablePath } from "../test/tidy/documents.ts";
import { importsTable } from "../test/tidy/imports.ts";
import { directions } from "../test/tidy/rules.ts";
import { type Command, root } from "./command.ts";

export const docs: Command = {
  summary: "rewrite the tables in documents that come from code",
  async run() {
    const path = join(root, tablePath);
    const text = readFileSync(path, "utf8");
    const { begin, end } = tableMarks;
    const [before, rest] = text.split(begin);
    const after = rest?.split(end)[1];
    if (before === undefined || after === undefined) {
      process.stderr.write(`${tablePath}: no ${begin} … ${end}\n`);
      return 1;
    }
    writeFileSync(path, `${before}${begin}\n\n${importsTable(directions)}\n\n${end}${after}`);
    return 0;
  },
};
