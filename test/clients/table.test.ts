import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { clientsMarks, clientsPath, clientsTable } from "./support/table.ts";

test("the document says which clients were run in which version", () => {
  const document = readFileSync(join(import.meta.dir, "..", "..", clientsPath), "utf8");
  const { begin, end } = clientsMarks;
  expect(document).toContain(`${begin}\n\n${clientsTable()}\n\n${end}`);
});
