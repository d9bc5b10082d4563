/**
 * Keys, values and times as text. A topic's bytes are anybody's: what is UTF-8 is shown as text,
 * made safe for a terminal; what is not is shown so that its bytes can be told.
 */
import { isoTime } from "../base/iso-time.ts";
import { printable } from "../base/printable.ts";
import { nanosecondHeaderKey, nanosecondsOf } from "../record/nanoseconds.ts";
import type { BatchRecord, RecordHeader } from "../record/records.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The text that `bytes` spell; `null` if they are not UTF-8. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** What stands for a key or a value that is not there. */
const nothing = "-";

/** For people: text on one line, or ASCII with every other byte as `\xff`. */
export function shown(bytes: Uint8Array | null): string {
  if (bytes === null) return nothing;
  const text = textOf(bytes);
  return text === null ? escaped(bytes) : printable(text, Infinity);
}

function escaped(bytes: Uint8Array): string {
  let text = "";
  for (const byte of bytes) {
    const isPlain = byte >= 0x20 && byte < 0x7f;
    text += isPlain ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, "0")}`;
  }
  return text;
}

/** `2025-08-09T02:12:08.480Z`, with nine digits where the record has nanoseconds; `-`: no time. */
export function timeOf(record: BatchRecord): string {
  if (record.timestamp === -1) return nothing;
  const time = isoTime(record.timestamp);
  const nanoseconds = nanosecondsOf(record);
  if (nanoseconds === 0 || !time.endsWith("Z")) return time;
  return `${time.slice(0, -1)}${String(nanoseconds).padStart(6, "0")}Z`;
}

/** The headers without the one that {@link timeOf} has shown. */
export function headersOf(record: BatchRecord): readonly RecordHeader[] {
  if (nanosecondsOf(record) === 0) return record.headers;
  return record.headers.filter((header) => header.key !== nanosecondHeaderKey);
}
