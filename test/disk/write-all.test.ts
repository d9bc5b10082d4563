import { expect, test } from "bun:test";
import { Memory } from "../../src/base/memory.ts";
import { writeAll } from "../../src/disk/write-all.ts";

const chunks = ["ab", "", "cdef", "g", "", "hij"].map((text) => new TextEncoder().encode(text));

test("whatever counts the system answers with, every byte is written once, in order", async () => {
  for (let most = 1; most <= 11; most++) {
    const written: string[] = [];
    const positions: number[] = [];
    await writeAll(chunks, async (rest, takenBefore) => {
      expect(rest.every((chunk) => chunk.byteLength > 0)).toBe(true);
      const taken = Buffer.concat(rest).subarray(0, most);
      written.push(taken.toString());
      positions.push(takenBefore);
      return taken.byteLength;
    });
    expect(written.join("")).toBe("abcdefghij");
    expect(positions).toEqual(written.map((_, i) => i * most));
  }
});

test("a system that takes nothing is not asked for ever", async () => {
  let asked = 0;
  const writing = writeAll(chunks, async () => (asked++ === 0 ? 3 : 0));
  await expect(writing).rejects.toThrow("nothing more after 3 bytes");
  await writing.catch(() => undefined);
  expect(asked).toBe(2);
});

test("nothing to write asks nothing of the system", async () => {
  await writeAll([new Uint8Array(0)], async () => {
    throw new Error("asked");
  });
});

test("memory that is freed is no empty chunk: whatever lay there is not believed to be written", async () => {
  const freed = Memory.allocate(4);
  const kept = Memory.allocate(4);
  freed.letGo();
  await expect(writeAll([kept.bytes, freed.bytes], async () => 4)).rejects.toThrow("is not freed");
  const writing = writeAll([kept.bytes], async () => {
    kept.letGo();
    return 4;
  });
  await expect(writing).rejects.toThrow("is not freed");
});

test("an error of the system ends the writing and comes out as it is", async () => {
  const trouble = new Error("ENOSPC");
  let asked = 0;
  const writing = writeAll(chunks, async () => {
    if (asked++ === 0) return 4;
    throw trouble;
  });
  await expect(writing).rejects.toBe(trouble);
  await writing.catch(() => undefined);
  expect(asked).toBe(2);
});
