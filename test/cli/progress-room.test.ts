import { expect, test } from "bun:test";
import { makeRoom } from "../../src/cli/progress-room.ts";
import { MemoryOutput } from "../fake/world.ts";

test("the line is cleared where a progress is drawn, and nowhere else", async () => {
  const terminal = new MemoryOutput(true);
  await makeRoom(terminal, "auto");
  await makeRoom(terminal, "plain");
  await makeRoom(terminal, "off");
  const file = new MemoryOutput(false);
  await makeRoom(file, "auto");
  expect([terminal.text, file.text]).toEqual(["\r\x1b[K", ""]);
});
