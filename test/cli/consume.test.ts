import { test } from "bun:test";
import { call } from "../support/call.ts";
import { expectGolden } from "../support/golden.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { textBatch, transcript, writePartition } from "./read-fixture.ts";

test("its help", async () => {
  expectGolden("cli/help-consume.txt", (await call(["help", "consume"])).out);
});

test("every mode, format and refusal, as one sees it", async () => {
  using data = temporaryDirectory();
  const at = data.path;
  await writePartition(at, "orders", 0, [{ first: 0, count: 2 }]);
  await writePartition(at, "orders", 1, [{ first: 10 }]);
  await writePartition(at, "payments", 0, [
    textBatch([
      { key: "user1", value: "tea\n", headers: [["trace", "a1"]] },
      { key: null, value: null },
    ]),
  ]);
  let text = "";
  for (const args of [
    ["-t", "orders"],
    ["-t", "orders"],
    ["-t", "orders", "--mode", "reset", "-c", "2"],
    ["-t", "orders", "--group", "other", "--format", "hex"],
    ["-t", "payments", "--no-commit", "--json"],
    ["-t", "payments", "--no-commit", "-J"],
    ["-t", "payments", "--no-commit", "-f", "%k=%s;"],
    ["-t", "nothing"],
    ["-t", "orders", "--group", "no/group"],
    [],
    ["-t", "orders", "--json", "-J"],
    ["-t", "orders", "--mode", "always"],
    ["-t", "orders", "--data", `${at}/nowhere`],
  ]) {
    text += await transcript(["consume", "--data", at, ...args], at);
  }
  expectGolden("cli/consume.txt", text);
});
