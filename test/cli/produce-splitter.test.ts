import { describe, expect, test } from "bun:test";
import { RecordSplitter } from "../../src/cli/produce-splitter.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";

/** What becomes of `chunks`: `1:abc` is the first record, `2!` a second that was too large. */
function split(chunks: readonly string[], delimiter = "\n", recordBytesMax = 100): string[] {
  const seen: string[] = [];
  const encoder = new TextEncoder();
  const splitter = new RecordSplitter(encoder.encode(delimiter), recordBytesMax, {
    record: (bytes, number) => seen.push(`${number}:${new TextDecoder().decode(bytes)}`),
    oversized: (number) => seen.push(`${number}!`),
  });
  for (const chunk of chunks) splitter.feed(encoder.encode(chunk));
  splitter.end();
  return seen;
}

describe("records between delimiters", () => {
  test.each([
    ["several", ["a\nb\nc\n"], ["1:a", "2:b", "3:c"]],
    ["the last one without a delimiter", ["a\nb"], ["1:a", "2:b"]],
    ["empty ones, which only count", ["\n\na\n\nb\n\n"], ["3:a", "5:b"]],
    ["none", [""], []],
    ["nothing but delimiters", ["\n\n\n"], []],
    ["over several chunks", ["ab", "c", "d\ne", "\n"], ["1:abcd", "2:e"]],
    ["a chunk that begins with a delimiter", ["ab", "\ncd"], ["1:ab", "2:cd"]],
    ["bytes that only look like a line's end", ["a\r\nb"], ["1:a\r", "2:b"]],
  ])("%s", (_, chunks, records) => {
    expect(split(chunks)).toEqual(records);
  });
});

describe("a delimiter of several bytes", () => {
  test.each([
    ["in one chunk", ["a||b||c"], ["1:a", "2:b", "3:c"]],
    ["over two chunks", ["a|", "|b"], ["1:a", "2:b"]],
    ["half of one at the end", ["a||b|"], ["1:a", "2:b|"]],
    ["half of one in the middle", ["a|b||c"], ["1:a|b", "2:c"]],
    ["half of one at the end of a chunk", ["a|", "b||c"], ["1:a|b", "2:c"]],
    ["one byte too many", ["a|", "||b"], ["1:a", "2:|b"]],
    ["byte by byte", [..."a||b|||c"], ["1:a", "2:b", "3:|c"]],
    ["an empty record over two chunks", ["|", "|a"], ["2:a"]],
  ])("%s", (_, chunks, records) => {
    expect(split(chunks, "||")).toEqual(records);
  });
});

describe("a record that is too large", () => {
  test.each([
    ["is told, and the next ones are taken", ["abcd\nef\n"], ["1!", "2:ef"]],
    ["over several chunks", ["ab", "cd", "ef\ng"], ["1!", "2:g"]],
    ["at the end", ["a\nbcdefgh"], ["1:a", "2!"]],
    ["of one byte too many", ["abc\nabcd\nabc"], ["1:abc", "2!", "3:abc"]],
    ["whose end comes later", ["abcd", "\nef"], ["1!", "2:ef"]],
  ])("%s", (_, chunks, records) => {
    expect(split(chunks, "\n", 3)).toEqual(records);
  });

  test("is told also where its delimiter is cut in two", () => {
    expect(split(["abcdefgh|", "|ij"], "||", 3)).toEqual(["1!", "2:ij"]);
    expect(split(["abc|", "|ij"], "||", 3)).toEqual(["1:abc", "2:ij"]);
  });

  test("is not kept", () => {
    const splitter = new RecordSplitter(new Uint8Array([0x0a]), 1024, {
      record: () => {},
      oversized: () => {},
    });
    const chunk = new Uint8Array(1024 * 1024).fill(0x78);
    const before = process.memoryUsage().arrayBuffers;
    for (let i = 0; i < 256; i++) splitter.feed(chunk.slice());
    Bun.gc(true);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(64 * 1024 * 1024);
    splitter.end();
  });
});

test("where chunks end makes no difference", () => {
  const random = randomForTest();
  for (let round = 0; round < rounds(300, 5_000); round++) {
    const delimiter = ["\n", "||", "aba"][random.below(3)] ?? "";
    const text = Array.from({ length: random.below(40) }, () => "ab|\n"[random.below(4)]).join("");
    const chunks: string[] = [];
    for (let at = 0; at < text.length;) {
      const length = 1 + random.below(6);
      chunks.push(text.slice(at, at + length));
      at += length;
    }
    const expected = text.split(delimiter).flatMap((record, at) => {
      if (record.length > 8) return `${at + 1}!`;
      return record === "" ? [] : `${at + 1}:${record}`;
    });
    expect(split(chunks, delimiter, 8)).toEqual(expected);
  }
});
