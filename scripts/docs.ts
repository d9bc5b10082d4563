/** Writes into documents what code knows better: allowed imports, supported versions. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { clientsMarks, clientsPath, clientsTable } from "../test/clients/support/table.ts";
import { faultsMarks, faultsPath, faultsTable } from "../test/fuzz/planted.ts";
import { plantedMarks, plantedPath, plantedTable } from "../test/sim/planted-table.ts";
import { tableMarks, tablePath } from "../test/tidy/documents.ts";
import { importsTable } from "../test/tidy/imports.ts";
import { directions } from "../test/tidy/rules.ts";
import { type Command, root } from "./command.ts";
import { routesMarks, routesPath, routesTable } from "./http-routes.ts";
import { versionsMarks, versionsPath, versionsTable } from "./kafka-versions.ts";

const tables = [
  { path: tablePath, marks: tableMarks, text: () => importsTable(directions) },
  { path: versionsPath, marks: versionsMarks, text: versionsTable },
  { path: routesPath, marks: routesMarks, text: routesTable },
  { path: clientsPath, marks: clientsMarks, text: clientsTable },
  { path: plantedPath, marks: plantedMarks, text: plantedTable },
  { path: faultsPath, marks: faultsMarks, text: faultsTable },
];

export const docs: Command = {
  summary: "rewrite the tables in documents that come from code",
  async run() {
    for (const { path, marks, text } of tables) {
      const { begin, end } = marks;
      const [before, rest] = readFileSync(join(root, path), "utf8").split(begin);
      const after = rest?.split(end)[1];
      if (before === undefined || after === undefined) {
        process.stderr.write(`${path}: no ${begin} … ${end}\n`);
        return 1;
      }
      writeFileSync(join(root, path), `${before}${begin}\n\n${text()}\n\n${end}${after}`);
    }
    return 0;
  },
};
