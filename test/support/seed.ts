/** Chance for tests: another seed each run, printed, so that a failure can be had again. */
import { type Random, seededRandom } from "../../src/base/random.ts";

/** A source that began with `OBELISK_SEED` of the environment, or with a number of its own. */
export function randomForTest(): Random {
  const given = process.env["OBELISK_SEED"];
  const seed = given === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(given);
  process.stdout.write(`OBELISK_SEED=${seed}\n`);
  return seededRandom(seed);
}

/** `length` bytes, any of them. */
export function randomBytes(random: Random, length: number): Uint8Array {
  return new Uint8Array(length).map(() => random.below(256));
}

/** Bytes in which some runs come again, near and far, as they do in records. */
export function repetitiveBytes(random: Random, length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length;) {
    const run = Math.min(1 + random.below(80), length - at);
    const distance = at > 0 && random.next() < 0.6 ? 1 + random.below(at) : 0;
    for (let end = at + run; at < end; at++) {
      bytes[at] = distance > 0 ? bytes[at - distance]! : random.below(256);
    }
  }
  return bytes;
}
