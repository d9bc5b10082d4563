/**
 * Writing to the end, however short the single writes fall. Near a full disk or a file-size limit
 * the system takes a part and says so only by its count; the error comes with the next call. A
 * writer that ignores the count leaves a torn batch which it believes whole.
 */
import { assert } from "../base/assert.ts";

/**
 * Hands `chunks` to `write` until it has taken all of their bytes. `write` gets what is left and
 * how many bytes were taken before it, and resolves to the count that it took. Rejects with what
 * `write` rejects with, or with an Error if it takes nothing: asking again could go on for ever.
 */
export async function writeAll(
  chunks: readonly Uint8Array[],
  write: (rest: readonly Uint8Array[], takenBefore: number) => Promise<number>,
): Promise<void> {
  assertIsThere(chunks);
  let rest = chunks.filter((chunk) => chunk.byteLength > 0);
  let left = 0;
  for (const chunk of rest) left += chunk.byteLength;
  let taken = 0;
  while (left > 0) {
    const count = await write(rest, taken);
    assertIsThere(chunks);
    if (count === 0) throw new Error(`the system wrote nothing more after ${taken} bytes`);
    taken += count;
    left -= count;
    // Nearly always all of it is taken at once.
    if (left !== 0) rest = without(rest, count);
  }
}

function assertIsThere(chunks: readonly Uint8Array[]): void {
  assert(!chunks.some(isFreed), "memory that is being written is not freed");
}

/** Its views look like empty ones; whatever was written may be what came to lie there. */
const isFreed = ({ buffer }: Uint8Array): boolean =>
  buffer instanceof ArrayBuffer && buffer.detached;

/** What is left of `chunks` after their first `count` bytes; none of it is empty. */
function without(chunks: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count;
  let index = 0;
  for (const chunk of chunks) {
    if (left < chunk.byteLength) break;
    left -= chunk.byteLength;
    index++;
  }
  const rest = chunks.slice(index);
  const first = rest[0];
  if (first === undefined) {
    assert(left === 0, "a write takes no more than it is handed");
    return rest;
  }
  rest[0] = first.subarray(left);
  return rest;
}
