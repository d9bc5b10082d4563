/**
 * CRC-32C (Castagnoli): the checksum of a record batch. Slicing-by-16: the state meets only the
 * first four bytes of each sixteen, so the other twelve look-ups do not wait for it. Measured on
 * Bun 1.4.5: 21 ns for 50 bytes, 100 ns for 300, 3.7 GB/s on long input; bytes one by one beat
 * words through a DataView, whose making alone costs 30 ns.
 *
 * Source: RFC 3720 (iSCSI), §12.1 and appendix B.4; M. E. Kounavis, F. L. Berry, "Novel
 * table lookup-based algorithms for high-performance CRC generation" (slicing).
 */
import { assert } from "./assert.ts";

/** The checksum of `bytes[from, to)`, as an unsigned 32-bit number. */
export function crc32c(bytes: Uint8Array, from: number, to: number): number {
  assert(from >= 0, "crc32c: the range begins in the bytes");
  assert(from <= to, "crc32c: the range has a direction");
  assert(to <= bytes.length, "crc32c: the range ends in the bytes");
  let crc = -1;
  let at = from;
  for (const end = to - 15; at < end; at += 16) {
    const independent =
      t11[bytes[at + 4]!]! ^
      t10[bytes[at + 5]!]! ^
      t9[bytes[at + 6]!]! ^
      t8[bytes[at + 7]!]! ^
      (t7[bytes[at + 8]!]! ^ t6[bytes[at + 9]!]! ^ t5[bytes[at + 10]!]! ^ t4[bytes[at + 11]!]!) ^
      (t3[bytes[at + 12]!]! ^ t2[bytes[at + 13]!]! ^ t1[bytes[at + 14]!]! ^ t0[bytes[at + 15]!]!);
    crc =
      t15[(crc ^ bytes[at]!) & 0xff]! ^
      t14[((crc >>> 8) ^ bytes[at + 1]!) & 0xff]! ^
      (t13[((crc >>> 16) ^ bytes[at + 2]!) & 0xff]! ^ t12[(crc >>> 24) ^ bytes[at + 3]!]!) ^
      independent;
  }
  for (; at < to; at++) crc = (crc >>> 8) ^ t0[(crc ^ bytes[at]!) & 0xff]!;
  return ~crc >>> 0;
}

/** The Castagnoli polynomial, its bits reversed. */
const polynomial = 0x82f63b78;

/**
 * Table `n` holds what each byte becomes once `n` further zero bytes have gone by. What becomes of
 * two bits is the sum of what becomes of each. Every start makes them: 0.4 ms.
 */
function makeTables(): Int32Array[] {
  const first = new Int32Array(256);
  for (let bit = 0x80, crc = 1; bit > 0; bit >>= 1) {
    crc = (crc >>> 1) ^ (crc & 1 ? polynomial : 0);
    for (let above = 0; above < 256; above += 2 * bit) first[above + bit] = crc ^ first[above]!;
  }
  const tables = [first];
  for (let previous = first; tables.length < 16;) {
    const next = new Int32Array(256);
    for (let byte = 0; byte < 256; byte++) {
      const crc = previous[byte]!;
      next[byte] = (crc >>> 8) ^ first[crc & 0xff]!;
    }
    tables.push(next);
    previous = next;
  }
  return tables;
}

// Sixteen names instead of one array of arrays: the engine then knows each as a constant.
const tables = makeTables() as [
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
  Int32Array,
];
const [t0, t1, t2, t3, t4, t5, t6, t7, t8, t9, t10, t11, t12, t13, t14, t15] = tables;
