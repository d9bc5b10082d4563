import { expect, test } from "bun:test";
import { recoveryTable } from "../../src/log/recovery.ts";
import { BatchBuilder } from "../../src/record/builder.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { directory, LogWorld, unwrap } from "../support/log-world.ts";

const document = await Bun.file(`${import.meta.dir}/../../src/log/FORMAT.md`).text();

/** What follows a marker, up to the next line that is neither empty nor part of its block. */
function blockAfter(marker: string, isPart: (line: string) => boolean): string[] {
  const lines = document.split("\n");
  const from = lines.indexOf(`<!-- ${marker} -->`) + 2;
  const length = lines.slice(from).findIndex((line) => !isPart(line));
  return lines.slice(from, from + length);
}

/** The bytes of a hex dump. */
const dumped = (marker: string): string =>
  blockAfter(marker, (line) => /^ {4}[0-9a-f]{8} /.test(line))
    .map((line) => line.slice(12).replaceAll(" ", ""))
    .join("");

test("the worked segment of FORMAT.md is what the log writes", async () => {
  const world = new LogWorld(new MemoryDisk());
  const log = await world.open();
  const text = new TextEncoder();
  const records = [
    ["user1", "Hello", 1_754_705_528_480],
    ["user2", "World!", 1_754_705_528_490],
  ] as const;
  for (const [key, value, timestamp] of records) {
    const builder = new BatchBuilder();
    builder.append({ timestamp, key: text.encode(key), value: text.encode(value) });
    expect(await unwrap(log.append(unwrap(builder.build()))).committed).toBeNull();
  }
  await log.close();
  const path = `${directory}/00000000000000000000`;
  expect((await world.disk.readWhole(`${path}.log`)).toHex()).toBe(dumped("worked log"));
  expect((await world.disk.readWhole(`${path}.idx`)).toHex()).toBe(dumped("worked idx"));
});

test("the recovery table of FORMAT.md is the one in the code", () => {
  const rows = recoveryTable.map((row) => [row.row, row.action, row.isLoss ? "yes" : "no"]);
  const written = blockAfter("recovery table", (line) => line.startsWith("|")).slice(2);
  const cells = written.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  expect(cells).toEqual(rows);
});
