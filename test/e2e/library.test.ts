import { expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker } from "./support/broker-process.ts";
import { leaveNothing } from "./support/leave-nothing.ts";

leaveNothing();

const root = join(import.meta.dir, "../..");

/** The program in README.md that uses the library, asking these brokers. */
function programOf(readme: string, broker: string): string {
  const lines = readme.split("\n");
  const from = lines.findIndex((line) => line.endsWith(`from "obelisk/kafka";`));
  const to = lines.findIndex((line, at) => at > from && /^\S/.test(line));
  const program = lines.slice(from, to).map((line) => line.slice(4));
  return program.join("\n").replace("127.0.0.1:9092", broker);
}

test("the README's program for the library does what it says", async () => {
  using directory = temporaryDirectory();
  const { process: broker, kafkaPort } = await startBroker(join(directory.path, "data"));
  await using _ = broker;
  const readme = await Bun.file(join(root, "README.md")).text();
  fs.mkdirSync(join(directory.path, "node_modules"));
  fs.symlinkSync(root, join(directory.path, "node_modules/obelisk"));
  const program = join(directory.path, "program.ts");
  fs.writeFileSync(program, programOf(readme, `127.0.0.1:${kafkaPort}`));
  const child = Bun.spawn([process.execPath, "run", program], { stderr: "pipe" });
  const [output, errors] = await Promise.all([
    new Response(child.stdout).text(),
    new Response(child.stderr).text(),
  ]);
  expect(errors).toBe("");
  expect(output).toStartWith("0 Hello\n");
  expect(output).toContain("committedOffset: 1");
  expect(await child.exited).toBe(0);
  expect(await broker.end("SIGTERM")).toBe(0);
}, 60_000);
