import { describe, expect, test } from "bun:test";
import fs from "node:fs";
import { join } from "node:path";
import { DescriptorOutput } from "../../src/cli/output.ts";
import { plain } from "../../src/cli/terminal.ts";
import { outputQueueBytesMax } from "../../src/limits.ts";
import { temporaryDirectory } from "../support/temporary.ts";

/** An output on an open descriptor, and the failures that it reported. */
function outputOn(descriptor: number) {
  const failures: string[] = [];
  const output = new DescriptorOutput(descriptor, {
    isTerminal: false,
    style: plain,
    columns: () => 80,
    onFailure: (code) => failures.push(code),
  });
  return { output, failures };
}

describe("a file", () => {
  test("gets all bytes in order, texts and views alike, and each write is a copy", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "out");
    const descriptor = fs.openSync(path, "w");
    const { output, failures } = outputOn(descriptor);
    const reused = new Uint8Array([65, 66]);
    output.write("ü\n");
    output.write(reused);
    output.write("");
    reused.fill(88);
    await output.flush();
    output.write("last");
    await output.flush();
    fs.closeSync(descriptor);
    expect(fs.readFileSync(path, "utf8")).toBe("ü\nABlast");
    expect(failures).toEqual([]);
    expect(output.queuedBytes).toBe(0);
  });

  test("takes more than one queue in pieces", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "out");
    const descriptor = fs.openSync(path, "w");
    const { output } = outputOn(descriptor);
    const line = `${"x".repeat(99)}\n`;
    let waited = 0;
    for (let at = 0; at < 50_000; at++) {
      output.write(line);
      const room = output.ready();
      if (room === null) continue;
      waited++;
      await room;
      expect(output.queuedBytes).toBe(0);
    }
    await output.flush();
    fs.closeSync(descriptor);
    expect(fs.statSync(path).size).toBe(5_000_000);
    expect(waited).toBe(Math.floor(5_000_000 / outputQueueBytesMax));
  });

  test("gets the last words before the call returns", () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "out");
    const descriptor = fs.openSync(path, "w");
    const { output } = outputOn(descriptor);
    output.write("a");
    output.write("b");
    output.flushNow();
    expect(fs.readFileSync(path, "utf8")).toBe("ab");
    fs.closeSync(descriptor);
  });
});

describe("a failure", () => {
  test("is reported once, and nothing is queued or written afterwards", async () => {
    const descriptor = fs.openSync("/dev/full", "w");
    const { output, failures } = outputOn(descriptor);
    output.write("a");
    await output.flush();
    output.write("b");
    await output.flush();
    fs.closeSync(descriptor);
    expect(failures).toEqual(["ENOSPC"]);
    expect(output.queuedBytes).toBe(0);
  });

  test("ends the wait of whoever waits for room", async () => {
    const descriptor = fs.openSync("/dev/full", "w");
    const { output } = outputOn(descriptor);
    output.write(new Uint8Array(2 * outputQueueBytesMax));
    await output.ready();
    expect(output.ready()).toBe(null);
    fs.closeSync(descriptor);
  });
});
