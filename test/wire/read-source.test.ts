import { test } from "bun:test";
import { Fetch } from "../../src/kafka/messages/fetch.ts";
import { Layout } from "../../src/wire/layout.ts";
import { readSource } from "../../src/wire/read-source.ts";
import { expectGolden } from "../support/golden.ts";

test("a reader is straight-line code without versions", () => {
  const sources = [11, 17].map((version) => {
    return `// Fetch request ${version}\n${readSource(new Layout(Fetch.request, version)).text}\n`;
  });
  expectGolden("wire/read-source.txt", sources.join("\n"));
});
