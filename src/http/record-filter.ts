/** Which records a reader wants to see: by key, header and text; all that are given must hold. */
import type { BatchRecord } from "../record/records.ts";
import { httpFiltersMax } from "../limits.ts";
import { HttpError } from "./errors.ts";
import { bytesOfBase64 } from "./record-data.ts";
import { list, optional, text } from "./schema.ts";

/** The parameters of every request that filters. */
export const filterQuery = {
  key: optional(text({ doc: "Only records with this key; `base64:…` for one that is no text." })),
  header: optional(
    list(text(), {
      countMax: httpFiltersMax,
      doc: "Only records with this header: `name`, or `name=value`; may be given several times.",
    }),
  ),
  contains: optional(text({ doc: "Only records whose key or value has this text in it." })),
};

/** Whether to show a record. */
export type RecordFilter = (record: BatchRecord) => boolean;

/** What {@link filterQuery} gave. */
export interface FilterAsked {
  readonly key?: string;
  readonly header?: readonly string[];
  readonly contains?: string;
}

const base64Prefix = "base64:";

/** The filter that is meant; 400 for a key that is no base64. */
export function filterOf(asked: FilterAsked): RecordFilter | HttpError {
  const filters: RecordFilter[] = [];
  if (asked.key !== undefined) {
    const wanted = keyOf(asked.key);
    if (wanted === null) return HttpError.of(400, "query: key: that is no base64");
    filters.push(({ key }) => key !== null && wanted.equals(key));
  }
  for (const header of asked.header ?? []) filters.push(headerFilter(header));
  const { contains = "" } = asked;
  if (contains !== "") {
    const wanted = Buffer.from(contains);
    filters.push(({ key, value }) => has(key, wanted) || has(value, wanted));
  }
  return (record) => filters.every((filter) => filter(record));
}

function keyOf(given: string): Buffer | null {
  if (!given.startsWith(base64Prefix)) return Buffer.from(given);
  const bytes = bytesOfBase64(given.slice(base64Prefix.length));
  return bytes === null ? null : Buffer.from(bytes);
}

function headerFilter(given: string): RecordFilter {
  const at = given.indexOf("=");
  const name = at < 0 ? given : given.slice(0, at);
  const wanted = at < 0 ? null : Buffer.from(given.slice(at + 1));
  return ({ headers }) =>
    headers.some(({ key, value }) => {
      return key === name && (wanted === null || (value !== null && wanted.equals(value)));
    });
}

const has = (bytes: Uint8Array | null, wanted: Buffer): boolean =>
  bytes !== null && Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).indexOf(wanted) >= 0;
