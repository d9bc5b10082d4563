import { expect, test } from "bun:test";
import { schemaSteps } from "../../src/metadata/schema.ts";
import { expectGolden } from "../support/golden.ts";

test("a released step of the schema is never edited: databases have it as it was", () => {
  expectGolden("metadata/schema.txt", schemaSteps.join("\n-- next step\n"));
});

test("the schema is SQL that SQLite and PostgreSQL share", () => {
  for (const step of schemaSteps) {
    expect(step).not.toMatch(/autoincrement|without rowid|strict|pragma|serial|\bjsonb?\b/i);
  }
});
