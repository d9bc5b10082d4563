import { describe, expect, test } from "bun:test";
import { offset } from "../../src/base/brands.ts";
import { RecordPrinter, refuseFormats, type FormatChoice } from "../../src/cli/read-print.ts";
import { templateOption } from "../../src/cli/read-template.ts";
import type { FoundPartition } from "../../src/reader/directory.ts";
import type { BatchPlace } from "../../src/reader/item.ts";
import { attribute, viewOf } from "../../src/record/batch.ts";
import type { BatchRecord } from "../../src/record/records.ts";
import { MemoryOutput } from "../fake/world.ts";
import { batchOf } from "../support/batches.ts";
import { textBytes } from "../support/hex.ts";

const found: FoundPartition = {
  topic: "orders",
  partition: 3,
  source: { kind: "own", directory: "topics/orders/3" },
};
const plainText: FormatChoice = { format: "text", template: null, nulls: false, envelope: false };

const recordOf = (number: number, value = `v${number}`): BatchRecord => ({
  offset: offset(number),
  timestamp: 1_754_705_528_480,
  key: textBytes(`k${number}`),
  value: textBytes(value),
  headers: [],
});

async function printed(
  choice: Partial<FormatChoice>,
  records: readonly BatchRecord[],
  batch: BatchPlace | null = null,
): Promise<string> {
  const output = new MemoryOutput();
  await new RecordPrinter(output, { ...plainText, ...choice }).print(found, batch, records);
  return output.text;
}

/** A batch whose timestamps are those of its broker. */
function appendTimeBatch(): BatchPlace {
  const bytes = batchOf({ first: 0 });
  viewOf(bytes).setInt16(21, attribute.logAppendTime);
  return { path: "a.log", position: 0, bytes };
}

describe("a record", () => {
  test("is a line in every format but the user's own", async () => {
    const records = [recordOf(7), recordOf(8)];
    for (const choice of [{}, { format: "json" }, { format: "hex" }, { envelope: true }] as const) {
      expect((await printed(choice, records)).split("\n")).toHaveLength(3);
    }
    const template = templateOption.parse(["%o;"]) ?? null;
    expect(await printed({ template }, records)).toBe("7;8;");
  });

  test("of no batch shows its bytes in hexadecimal", async () => {
    expect(await printed({ format: "hex" }, [{ ...recordOf(7), value: null }])).toBe(
      "orders/3\t7\t2025-08-09T02:12:08.480Z\t6b37\t-\n",
    );
  });

  test("of a batch is shown with all of the batch", async () => {
    const text = await printed({ format: "hex" }, [recordOf(7)], appendTimeBatch());
    expect(text).toStartWith("# a.log, position 0, 80 bytes, offsets 0 to 0\n");
    expect(text).toContain("log append time");
  });

  test("says in kcat's envelope whose its timestamp is", async () => {
    expect(await printed({ envelope: true }, [recordOf(7)])).toContain('"tstype":"create"');
    const text = await printed({ envelope: true }, [recordOf(7)], appendTimeBatch());
    expect(text).toContain('"tstype":"logappend"');
  });
});

test("much is written in pieces, each when the one before is taken", async () => {
  class SlowOutput extends MemoryOutput {
    readonly pieces: number[] = [];
    override write(chunk: string | Uint8Array): void {
      this.pieces.push(chunk.length);
    }
  }
  const output = new SlowOutput();
  const records = Array.from({ length: 20 }, (_, n) => recordOf(n, "v".repeat(10_000)));
  await new RecordPrinter(output, plainText).print(found, null, records);
  expect(output.pieces).toHaveLength(3);
  expect(Math.max(...output.pieces)).toBeLessThan(80 * 1024);
});

test("two formats at once are refused", () => {
  const template = templateOption.parse(["%s"]) ?? null;
  expect(refuseFormats(plainText)).toBeNull();
  expect(refuseFormats({ ...plainText, format: "json" })).toBeNull();
  expect(refuseFormats({ ...plainText, template, envelope: true })).toBeString();
  expect(refuseFormats({ ...plainText, format: "hex", envelope: true })).toBeString();
});
