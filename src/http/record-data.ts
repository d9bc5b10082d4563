/**
 * Keys, values, headers and times of records in JSON, in both directions, as Confluent's REST v3
 * has them: `{"type": "STRING", "data": "…"}`, where BINARY is base64 and JSON any value.
 */
import { isoTime } from "../base/iso-time.ts";
import { recordHeadersMax } from "../limits.ts";
import type { BatchRecord, RecordHeader } from "../record/records.ts";
import { HttpError } from "./errors.ts";
import { parseExact } from "./exact-json.ts";
import {
  anything,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  type ValueOf,
} from "./schema.ts";

/** Without a registry there are no others (AVRO, JSONSCHEMA, PROTOBUF). */
const dataKinds = ["BINARY", "STRING", "JSON"] as const;
type DataKind = (typeof dataKinds)[number];

/** A key or a value. */
export const dataType = named(
  "RecordData",
  object({
    type: optional(oneOf(dataKinds, { doc: "Has to be there unless `data` is null." })),
    data: nullable(anything(), { doc: "BINARY: base64; STRING: a text; JSON: any value." }),
  }),
);
export type RecordData = ValueOf<typeof dataType>;

export const headersType = list(
  named(
    "RecordHeader",
    object({
      name: text(),
      value: optional(nullable(text({ doc: "base64." }))),
    }),
  ),
  { countMax: recordHeadersMax },
);

const utf8 = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** JSON can say it, and encoded it would silently be another character. */
const half = "data: half of a surrogate pair, which UTF-8 can't have";

/** The bytes that are meant. @param what key or value, for the message of a 422 */
export function bytesOfData(
  data: RecordData | undefined,
  what: string,
): Uint8Array | null | HttpError {
  if (data === undefined || (data.data === null && data.type !== "JSON")) return null;
  if (data.type === undefined) {
    return HttpError.of(422, `${what}.type: it is missing; one of ${dataKinds.join(", ")}`);
  }
  if (data.type === "JSON") return utf8.encode(JSON.stringify(data.data));
  if (typeof data.data !== "string") {
    return HttpError.of(422, `${what}.data: ${data.type} is a text`);
  }
  if (data.type === "STRING") {
    return data.data.isWellFormed() ? utf8.encode(data.data) : HttpError.of(422, `${what}.${half}`);
  }
  return bytesOfBase64(data.data) ?? HttpError.of(422, `${what}.data: that is no base64`);
}

/** `null`: it is none. Both alphabets are read, with or without padding (RFC 4648 §4, §5). */
export function bytesOfBase64(encoded: string): Uint8Array | null {
  if (!/^[\w+/-]*={0,2}$/.test(encoded)) return null;
  const bytes = Buffer.from(encoded, "base64");
  return encoded.replace(/=+$/, "").length === Math.ceil((bytes.length * 4) / 3) ? bytes : null;
}

/** The headers that are meant; 422 for a name that is no text, a value that is no base64. */
export function headersOf(
  given: ValueOf<typeof headersType> | undefined,
): readonly RecordHeader[] | HttpError {
  const headers: RecordHeader[] = [];
  for (const [at, { name: key, value = null }] of (given ?? []).entries()) {
    if (!key.isWellFormed()) return HttpError.of(422, `headers[${at}].name: that is no UTF-8`);
    const bytes = value === null ? null : bytesOfBase64(value);
    if (value !== null && bytes === null) {
      return HttpError.of(422, `headers[${at}].value: that is no base64`);
    }
    headers.push({ key, value: bytes });
  }
  return headers;
}

/** How keys and values are shown: as JSON where they are, as text where they are, as base64. */
export const showings = ["json", "string", "binary"] as const;
export type Showing = (typeof showings)[number];

/** Bytes as JSON has them: as is asked for, or the next of the three that can show them. */
function dataOfBytes(bytes: Uint8Array | null, showing: Showing): ShownData | null {
  if (bytes === null) return null;
  const binary = (): ShownData => ({
    type: "BINARY",
    data: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("base64"),
  });
  if (showing === "binary") return binary();
  const decoded = textOf(bytes);
  // Controls are a sign of bytes that happen to be UTF-8.
  if (decoded === null || controls.test(decoded)) return binary();
  const value = showing === "json" ? jsonOf(decoded) : undefined;
  return value === undefined ? { type: "STRING", data: decoded } : { type: "JSON", data: value };
}

const controls = /[^\P{Cc}\t\n\r]/u;

/** A key or a value that is shown. */
interface ShownData {
  readonly type: DataKind;
  readonly data: unknown;
}

/** UTF-8 text; `null`: it is none. */
function textOf(bytes: Uint8Array): string | null {
  try {
    return strict.decode(bytes);
  } catch (error) {
    if (error instanceof TypeError) return null;
    throw error;
  }
}

function jsonOf(decoded: string): unknown {
  try {
    return parseExact(decoded);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

export const shownDataType = nullable(
  named("ShownData", object({ type: oneOf(dataKinds), data: anything() })),
);

/** Of its key, value and headers. */
export const recordBytes = ({ key, value, headers }: BatchRecord): number =>
  headers.reduce(
    (sum, header) => sum + header.key.length + (header.value?.length ?? 0),
    (key?.length ?? 0) + (value?.length ?? 0),
  );

/** A record's own fields, as they are shown. */
export function shownRecord(record: BatchRecord, showing: Showing): Record<string, unknown> {
  return {
    offset: record.offset,
    timestamp: record.timestamp < 0 ? null : isoTime(record.timestamp),
    timestamp_ms: record.timestamp,
    headers: record.headers.map(({ key, value }) => ({
      name: key,
      value: value === null ? null : dataOfBytes(value, "binary")?.data,
    })),
    key: dataOfBytes(record.key, showing),
    value: dataOfBytes(record.value, showing),
  };
}

/** The latest time that RFC 3339 can write. */
export const timestampMax = 253_402_300_799_999;

/** Milliseconds since 1970, from a number or from RFC 3339; `null`: it is neither. */
export function timeOf(given: string): number | null {
  const isNumber = /^\d{1,15}$/.test(given);
  const isDate = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i.test(given);
  if (!isNumber && !isDate) return null;
  const ms = isNumber ? Number(given) : new Date(given).getTime();
  return ms >= 0 && ms <= timestampMax ? ms : null;
}
