/**
 * Reading records with GET, which neither Confluent's v3 nor v2 has: a page from an offset or a
 * time on, filtered if wanted, and each page says where the next one begins.
 *
 * - A page ends at its limit, at `httpRecordsBytesMax`, at the end of the records, or, where
 *   filters let little through, after `httpScanBytesMax` of the log: it may then be empty, and
 *   leads on.
 * - Reading moves nothing: no group, no committed offset.
 */
import { offset, type Offset } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Partition } from "../../broker/broker.ts";
import { visitRecords } from "../../broker/record-visit.ts";
import {
  httpRecordsBytesMax,
  httpRecordsDefault,
  httpRecordsMax,
  httpScanBytesMax,
  httpScanReadBytes,
  httpWaitMsMax,
} from "../../limits.ts";
import type { BatchRecord } from "../../record/records.ts";
import { eventHeaders, mediaTypeIn } from "../cloud-event.ts";
import { errorOf, HttpError, noRoom } from "../errors.ts";
import { filterOf, filterQuery, type RecordFilter } from "../record-filter.ts";
import {
  headersType,
  recordBytes,
  shownDataType,
  shownRecord,
  showings,
  type Showing,
  timeOf,
} from "../record-data.ts";
import { bytes, json, noContent } from "../reply.ts";
import { anyType, type Inbound, route, type Route } from "../route.ts";
import { list, named, nullable, object, oneOf, optional, text, whole } from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { inCluster, partitionIn, partitionPath } from "./resource.ts";

const recordType = named(
  "Record",
  object({
    partition_id: whole(),
    offset: whole(),
    timestamp: nullable(text(), { doc: "RFC 3339; null: the record has none." }),
    timestamp_ms: whole({ doc: "Milliseconds since 1970; -1: none." }),
    headers: headersType,
    key: shownDataType,
    value: shownDataType,
  }),
);

const recordListType = named(
  "RecordList",
  object({
    kind: oneOf(["RecordList"]),
    metadata: object({
      self: text(),
      next: nullable(text(), { doc: "The next page; null: there is nothing more for now." }),
    }),
    next_offset: whole({ doc: "Where to read on." }),
    earliest_offset: whole(),
    latest_offset: whole({ doc: "What the next record will get." }),
    data: list(recordType),
  }),
);

const formatQuery = optional(
  oneOf(showings, { doc: "How to show keys and values; json by default, where they are JSON." }),
);

const readQuery = {
  offset: optional(text({ doc: "An offset, or `earliest` (the default), or `latest`." })),
  time: optional(
    text({ doc: "Instead: from the first record that is as late; RFC 3339 or milliseconds." }),
  ),
  limit: optional(whole({ min: 1, max: httpRecordsMax, doc: `${httpRecordsDefault} by default.` })),
  wait_ms: optional(
    whole({ min: 0, max: httpWaitMsMax, doc: "How long to wait if there is none; 0 by default." }),
  ),
  format: formatQuery,
  ...filterQuery,
};

/** The offset that is meant; 400, 404. */
async function startOf(
  partition: Partition,
  asked: { readonly offset?: string; readonly time?: string },
): Promise<Offset | HttpError> {
  const fault = partition.offsetsFault();
  if (fault !== null) return errorOf(fault);
  const { startOffset, highWatermark } = partition.watermarks;
  if (asked.time !== undefined) {
    if (asked.offset !== undefined) return HttpError.of(400, "query: offset, or time, not both");
    const time = timeOf(asked.time);
    if (time === null) {
      return HttpError.of(400, "query: time: RFC 3339, or milliseconds since 1970");
    }
    const found = await partition.offsetForTime(time);
    if (found instanceof Refusal) return errorOf(found);
    return found?.offset ?? highWatermark;
  }
  const { offset: given = "earliest" } = asked;
  if (given === "earliest") return startOffset;
  if (given === "latest") return highWatermark;
  return offsetIn(partition, given);
}

/** An offset that can be read, or the one after the last; 400, 404. */
function offsetIn({ watermarks }: Partition, given: string): Offset | HttpError {
  const { startOffset, highWatermark } = watermarks;
  if (!/^\d{1,16}$/.test(given)) {
    return HttpError.of(400, "offset: a whole number, earliest or latest");
  }
  const number = Number(given);
  if (number >= startOffset && number <= highWatermark) return offset(number);
  const message = `offset ${given}: the partition has ${startOffset} to ${highWatermark}`;
  return new HttpError(404, 40411, message);
}

/** One page. */
interface Page {
  readonly records: readonly BatchRecord[];
  readonly nextOffset: Offset;
}

/** Reads until the page is full, or everything was looked through that may be. */
async function pageFrom(
  partition: Partition,
  from: Offset,
  countMax: number,
  filter: RecordFilter,
): Promise<Page | Refusal> {
  const records: BatchRecord[] = [];
  let nextOffset = from;
  let kept = 0;
  for (let looked = 0; looked < httpScanBytesMax && nextOffset < partition.highWatermark;) {
    const visited = await visitRecords(partition, nextOffset, httpScanReadBytes, (visit) => {
      const record = visit.record();
      if (!filter(record)) return true;
      records.push(record);
      kept += recordBytes(record);
      return records.length < countMax && kept < httpRecordsBytesMax;
    });
    if (visited instanceof Refusal) return visited;
    ({ nextOffset } = visited);
    if (visited.isStopped) break;
    looked += visited.bytes;
  }
  partition.traffic.sent(records.length, kept);
  return { records, nextOffset };
}

/** Waits until there is something behind `nextOffset`, the time is up, or nobody wants to know. */
async function waitFor(
  { broker }: HttpServices,
  partition: Partition,
  nextOffset: Offset,
  request: Inbound,
  maxWaitMs: number,
): Promise<void> {
  const partitions = [{ partition, nextOffset, bytesMax: 1 }];
  const wait = broker.wait({ partitions, bytes: 1, maxWaitMs });
  const forget = request.onEnd(() => wait.cancel());
  await wait.ended;
  forget();
}

const readRecords = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/records",
  operation: "readRecords",
  tag: "records",
  summary: "Records of a partition, from an offset or a time on; ours.",
  path: partitionPath,
  query: readQuery,
  answers: { 200: { doc: "A page of them.", type: recordListType } },
  handle: async (call) => {
    const { query, request, services } = call;
    const partition = partitionIn(call, call.path);
    if (partition instanceof HttpError) return partition;
    const filter = filterOf(query);
    if (filter instanceof HttpError) return filter;
    const from = await startOf(partition, query);
    if (from instanceof HttpError) return from;
    const countMax = query.limit ?? httpRecordsDefault;
    if (from >= partition.highWatermark && query.wait_ms !== undefined) {
      await waitFor(services, partition, from, request, query.wait_ms);
    }
    const page = await services.pages.run(async () => {
      return request.hasRoom() ? await pageFrom(partition, from, countMax, filter) : noRoom;
    });
    if (page instanceof HttpError) return page;
    if (page instanceof Refusal) return errorOf(page);
    return json(pageBody(partition, page, request.url, query.format ?? "json"));
  },
});

function pageBody(
  { index, watermarks }: Partition,
  { records, nextOffset }: Page,
  url: URL,
  showing: Showing,
): unknown {
  const { startOffset, highWatermark } = watermarks;
  const following = new URL(url);
  following.searchParams.delete("time");
  following.searchParams.set("offset", String(nextOffset));
  return {
    kind: "RecordList",
    metadata: { self: url.href, next: nextOffset < highWatermark ? following.href : null },
    next_offset: nextOffset,
    earliest_offset: startOffset,
    latest_offset: highWatermark,
    data: records.map((record) => ({ partition_id: index, ...shownRecord(record, showing) })),
  };
}

const onePath = { ...partitionPath, offset: text({ doc: "A whole number." }) };

/** The record at an offset; 404 if there is none, as where it was compacted away. */
async function recordAt(partition: Partition, given: string): Promise<BatchRecord | HttpError> {
  const at = offsetIn(partition, given);
  if (at instanceof HttpError) return HttpError.of(404, at.message);
  let found: BatchRecord | null = null;
  const visited = await visitRecords(partition, at, 1, (visit) => {
    if (visit.offset === at) found = visit.record();
    return false;
  });
  if (visited instanceof Refusal) return errorOf(visited);
  return found ?? new HttpError(404, 40411, `there is no record at offset ${at}`);
}

const getRecord = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/records/{offset}",
  operation: "getRecord",
  tag: "records",
  summary: "One record; ours.",
  path: onePath,
  query: { format: formatQuery },
  answers: { 200: { doc: "The record.", type: recordType } },
  handle: async (call) => {
    const partition = partitionIn(call, call.path);
    if (partition instanceof HttpError) return partition;
    const record = await recordAt(partition, call.path.offset);
    if (record instanceof HttpError) return record;
    const shown = shownRecord(record, call.query.format ?? "json");
    return json({ partition_id: partition.index, ...shown });
  },
});

const binary = "application/octet-stream";

const getValue = route({
  method: "GET",
  at: "/topics/{topic_name}/partitions/{partition_id}/records/{offset}/value",
  operation: "getRecordValue",
  tag: "records",
  summary: "The bytes of one record's value, and the CloudEvent that it is, if it is one; ours.",
  path: onePath,
  answers: {
    200: { doc: "The value, of the type that the record says.", mediaTypes: [anyType] },
    204: { doc: "The record has no value." },
  },
  handle: async (call) => {
    const partition = partitionIn(call, call.path);
    if (partition instanceof HttpError) return partition;
    const record = await recordAt(partition, call.path.offset);
    if (record instanceof HttpError) return record;
    // Anybody's bytes, at this door's own origin: a browser shall run nothing that is in them.
    const headers = {
      ...eventHeaders(record.headers),
      "content-security-policy": "sandbox; default-src 'none'",
      "content-disposition": "attachment",
    };
    if (record.value === null) return noContent(headers);
    return bytes(record.value, mediaTypeIn(record.headers) ?? binary, headers);
  },
});

/** The routes of this family. */
export const readRoutes: readonly Route[] = [readRecords, getRecord, getValue].map(inCluster);
