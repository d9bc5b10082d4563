import { test } from "bun:test";
import { Fetch } from "../../src/kafka/messages/fetch.ts";
import { Layout } from "../../src/wire/layout.ts";
import { writeSource } from "../../src/wire/write-source.ts";
import { expectGolden } from "../support/golden.ts";

test("a writer is straight-line code without versions", () => {
  const sources = [11, 17].map((version) => {
    const { text } = writeSource(new Layout(Fetch.response, version));
    return `// Fetch response ${version}\n${text}\n`;
  });
  expectGolden("wire/write-source.txt", sources.join("\n"));
});
