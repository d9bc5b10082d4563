/**
 * The `start` file of a partition: where its log starts after records were deleted by request. One
 * line, the offset in decimal and the CRC-32C of those digits in hex: people read this tree.
 *
 *     4182 cb1b9f4d
 */
import { offset, type Offset } from "../base/brands.ts";
import { crc32c } from "../base/crc32c.ts";

export function encodeStart(start: Offset): Uint8Array {
  const digits = new TextEncoder().encode(String(start));
  const check = crc32c(digits, 0, digits.length).toString(16).padStart(8, "0");
  return new TextEncoder().encode(`${start} ${check}\n`);
}

/** Reads a `start` file; `null` if it is damaged. */
export function decodeStart(bytes: Uint8Array): Offset | null {
  const text = new TextDecoder().decode(bytes);
  const start = Number(text.split(" ")[0]);
  if (!Number.isSafeInteger(start) || start < 0) return null;
  return new TextDecoder().decode(encodeStart(offset(start))) === text ? offset(start) : null;
}
