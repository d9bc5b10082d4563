import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { writeFileSync } from "node:fs";
import {
  type ByteSource,
  fileSource,
  lineRecords,
  plainReader,
  type Portion,
  type RecordShape,
  wholeRecords,
  workloadRecords,
} from "../../src/cli/produce-sources.ts";
import { workloads } from "../../src/cli/produce-workload.ts";
import { produceReadBytes } from "../../src/limits.ts";
import { ManualClock } from "../fake/clock.ts";
import { textBytes } from "../support/hex.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";

const shape: RecordShape = {
  topic: "t",
  partition: null,
  key: null,
  headers: [],
  timestamp: null,
  nulls: false,
  delimiter: textBytes("\n"),
  keyDelimiter: null,
  bytesMax: 1_000,
  tooLarge: "too large",
};

/** Lines as `produce` reads them. */
const linesOf = (sources: readonly ByteSource[], of = shape): AsyncGenerator<Portion, void> =>
  lineRecords(sources, of, plainReader(of), of.bytesMax + (of.keyDelimiter?.length ?? 0));

/** A source of these chunks; without a name it is standard input. */
const sourceOf = (chunks: readonly string[], name: string | null = null): ByteSource => ({
  name,
  async *chunks() {
    for (const chunk of chunks) yield textBytes(chunk);
  },
});

const textOf = (part: string | Uint8Array | null | undefined): string =>
  typeof part === "string" ? part : new TextDecoder().decode(part ?? undefined);

/** Every record as `place key=value`, those that are not to be sent as `place ! reason`. */
async function told(portions: AsyncIterable<Portion>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { records, numbers, rejected, placeOf } of portions) {
    for (const [at, { key, value }] of records.entries()) {
      lines.push(`${placeOf(numbers[at] ?? 0)} ${textOf(key)}=${textOf(value)}`);
    }
    for (const { number, reason } of rejected) lines.push(`${placeOf(number)} ! ${reason}`);
  }
  return lines;
}

describe("lines", () => {
  test("are records, with their numbers", async () => {
    expect(await told(linesOf([sourceOf(["a\n\nb", "c\n"])]))).toEqual(["line 1 =a", "line 3 =bc"]);
  });

  test("of files are counted from each one's beginning, and don't run into the next one", async () => {
    const sources = [sourceOf(["a\nb"], "one.txt"), sourceOf(["c\n"], "two.txt")];
    expect(await told(linesOf(sources))).toEqual([
      "one.txt, line 1 =a",
      "one.txt, line 2 =b",
      "two.txt, line 1 =c",
    ]);
  });

  test("come as soon as their chunk does", async () => {
    const portions = linesOf([sourceOf(["a\nb\nc", "d\n"])]);
    const { value } = await portions.next();
    expect(value?.numbers).toEqual([1, 2]);
    await portions.return();
  });

  test("have the topic, and a time only if it was given", async () => {
    const portions = linesOf([sourceOf(["a\n"])], { ...shape, timestamp: 5 });
    expect((await portions.next()).value?.records).toMatchObject([{ topic: "t", timestamp: 5 }]);
    const untimed = linesOf([sourceOf(["a\n"])]);
    expect((await untimed.next()).value?.records).toEqual([
      { topic: "t", key: null, value: textBytes("a") },
    ]);
  });

  test("have the partition and the headers of the call", async () => {
    const headers = [{ key: "trace", value: "a1" }];
    const portions = linesOf([sourceOf(["a\n"])], { ...shape, partition: 2, headers });
    expect((await portions.next()).value?.records).toMatchObject([{ partition: 2, headers }]);
  });

  test.each([
    [true, null],
    [false, new Uint8Array(0)],
  ])("have null for what is empty: %p", async (nulls, empty) => {
    const keyed = { ...shape, keyDelimiter: textBytes(":"), nulls };
    const portions = linesOf([sourceOf(["k:\n:v\n"])], keyed);
    expect((await portions.next()).value?.records).toMatchObject([
      { key: textBytes("k"), value: empty },
      { key: empty, value: textBytes("v") },
    ]);
  });

  test.each([
    ["up to the first delimiter", "k:v", "k=v"],
    ["of several", "k:v:w", "k=v:w"],
    ["empty", ":v", "=v"],
    ["of an empty value", "k:", "k="],
    ["that is missing: the fixed one", "v", "fixed=v"],
  ])("have a key: %s", async (_, line, record) => {
    const keyed = { ...shape, keyDelimiter: textBytes(":"), key: textBytes("fixed") };
    expect(await told(linesOf([sourceOf([line])], keyed))).toEqual([`line 1 ${record}`]);
  });

  test("may have a key delimiter of several bytes", async () => {
    const keyed = { ...shape, keyDelimiter: textBytes("=>") };
    expect(await told(linesOf([sourceOf(["a=b=>c"])], keyed))).toEqual(["line 1 a=b=c"]);
  });

  test("are too large by key and value, not by what stands between them", async () => {
    const keyed = { ...shape, keyDelimiter: textBytes("=>"), bytesMax: 4 };
    const lines = "ab=>cd\nab=>cde\nabcd\nabcde\nabcdef\nabcdefg\n";
    expect(await told(linesOf([sourceOf([lines])], keyed))).toEqual([
      "line 1 ab=cd",
      "line 3 =abcd",
      "line 2 ! too large",
      "line 4 ! too large",
      "line 5 ! too large",
      "line 6 ! too large",
    ]);
  });
});

describe("whole files", () => {
  test("are one record each, whatever is in them", async () => {
    const sources = [sourceOf(["a\n", "b:c"], "one"), sourceOf([], "two"), sourceOf(["d"])];
    const keyed = { ...shape, keyDelimiter: textBytes(":"), key: textBytes("k") };
    expect(await told(wholeRecords(sources, keyed))).toEqual([
      "one k=a\nb:c",
      "two k=",
      "the input k=d",
    ]);
  });

  test("are read no further than a record may be large", async () => {
    let chunks = 0;
    const endless: ByteSource = {
      name: "endless",
      async *chunks() {
        for (;;) {
          chunks += 1;
          yield textBytes("12345678");
        }
      },
    };
    const small = { ...shape, bytesMax: 20 };
    expect(await told(wholeRecords([endless, sourceOf(["ok"], "next")], small))).toEqual([
      "endless ! too large",
      "next =ok",
    ]);
    expect(chunks).toBe(3);
  });
});

describe("a file", () => {
  test("is read as it is, in pieces that stay as they are", async () => {
    using directory = temporaryDirectory();
    const path = join(directory.path, "bytes");
    const bytes = new Uint8Array(produceReadBytes * 2 + 5).map((_, at) => at * 31);
    writeFileSync(path, bytes);
    const chunks: Uint8Array[] = [];
    for await (const chunk of fileSource(path).chunks()) chunks.push(chunk);
    expect(chunks).toHaveLength(3);
    expect(Buffer.concat(chunks).equals(bytes)).toBeTrue();
  });

  test("that is not there fails when it is read", async () => {
    using directory = temporaryDirectory();
    const portions = linesOf([fileSource(join(directory.path, "none"))]);
    await expect(portions.next()).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a workload", () => {
  test("is records with their numbers", async () => {
    const portions = workloadRecords(workloads.size, 2, new ManualClock(), true);
    expect(await told(portions)).toEqual([
      "record 1 batch-user0=Size test message 0",
      "record 2 batch-user1=Size test message 1",
    ]);
  });

  test("has its pauses between records, and none after the last one", async () => {
    const clock = new ManualClock();
    const lines = told(workloadRecords(workloads.time, 3, clock, true));
    await until(() => clock.pending === 1);
    clock.advance(2_000);
    await until(() => clock.pending === 1);
    clock.advance(2_000);
    expect(await lines).toHaveLength(3);
    expect(clock.monotonic()).toBe(4_000);
  });

  test("has none where somebody else sets the pace", async () => {
    const clock = new ManualClock();
    expect(await told(workloadRecords(workloads.time, 3, clock, false))).toHaveLength(3);
    expect(clock.monotonic()).toBe(0);
  });
});
