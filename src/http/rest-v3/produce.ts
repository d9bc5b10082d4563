/**
 * REST v3: records in. An answer is given when the disk has the record, never before.
 *
 * - One record: its report, with its own status.
 * - Several in one body, or a body in chunks: a report for each, in order, as they are stored, and
 *   the status is 200 once the topic is there; each report has its own `error_code`.
 * - A CloudEvent: one record.
 */
import { isoTime } from "../../base/iso-time.ts";
import { Refusal } from "../../base/refusal.ts";
import type { Topic } from "../../broker/broker.ts";
import type { ProducedRecord, RecordToProduce } from "../../broker/record-producer.ts";
import { httpBatchEntriesMax, httpBodyBytesMax, httpRecordJsonBytesMax } from "../../limits.ts";
import { isCloudEvent, recordOfEvent } from "../cloud-event.ts";
import { errorOf, HttpError } from "../errors.ts";
import { JsonSplitter } from "../json-splitter.ts";
import {
  bytesOfData,
  dataType,
  headersOf,
  headersType,
  type RecordData,
  timeOf,
  timestampMax,
} from "../record-data.ts";
import { bytes, json, jsonMediaType, type Reply, stream } from "../reply.ts";
import { type BodyReader, parseJson } from "../request.ts";
import { anyType, type Inbound, jsonBody, route, type Route, streamBody } from "../route.ts";
import {
  eitherOf,
  list,
  Mismatch,
  named,
  nullable,
  object,
  optional,
  text,
  type ValueOf,
  whole,
} from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { ReportStream } from "./report-stream.ts";
import { inCluster, topicPath } from "./resource.ts";

const recordFields = {
  partition_id: optional(whole({ doc: "By the key, or in turn, if left out." })),
  headers: optional(headersType),
  key: optional(dataType),
  value: optional(dataType),
  timestamp: optional(
    eitherOf(text(), whole({ min: 0, max: timestampMax }), {
      doc: "RFC 3339, or milliseconds since 1970; now by default.",
    }),
  ),
};
const requestType = named("ProduceRequest", object(recordFields));

const sizeType = nullable(
  named("ProducedData", object({ type: text(), size: whole({ doc: "Bytes." }) })),
);
const reportFields = {
  cluster_id: text(),
  topic_name: text(),
  partition_id: whole(),
  offset: whole(),
  timestamp: text({ doc: "RFC 3339." }),
  key: optional(sizeType),
  value: optional(sizeType),
};
const reportType = named("ProduceResponse", object({ error_code: whole(), ...reportFields }));

const batchType = named(
  "ProduceBatchRequest",
  object({
    entries: list(
      object({ id: text({ charactersMax: 80, doc: "Your own; answered." }), ...recordFields }),
      { countMax: httpBatchEntriesMax },
    ),
  }),
);
const batchReportType = named(
  "ProduceBatchResponse",
  object({
    successes: list(object({ id: text(), ...reportFields })),
    failures: list(object({ id: text(), error_code: whole(), message: text() })),
  }),
);

type Asked = ValueOf<typeof requestType>;

/** A record that was asked for, and what its report tells of it. */
interface Wanted {
  readonly record: RecordToProduce;
  readonly key: string | null;
  readonly value: string | null;
}

/** 422 for what can't be. */
function wantedOf(asked: Asked): Wanted | HttpError {
  const key = bytesOfData(asked.key, "key");
  if (key instanceof HttpError) return key;
  const value = bytesOfData(asked.value, "value");
  if (value instanceof HttpError) return value;
  const headers = headersOf(asked.headers);
  if (headers instanceof HttpError) return headers;
  const given = asked.timestamp;
  const timestamp = typeof given === "string" ? timeOf(given) : (given ?? null);
  if (timestamp === null && given !== undefined) {
    return HttpError.of(422, "timestamp: RFC 3339, or milliseconds since 1970");
  }
  const partition = asked.partition_id ?? null;
  const record = { partition, key, value, headers, timestamp };
  return { record, key: kindOf(asked.key), value: kindOf(asked.value) };
}

const kindOf = (data: RecordData | undefined): string | null => data?.type ?? null;

function reportOf(
  { clusterId }: HttpServices,
  topic: Topic,
  { record, key, value }: Wanted,
  produced: ProducedRecord,
): Readonly<Record<string, unknown>> {
  const sized = (type: string | null, data: Uint8Array | null) =>
    data === null ? null : { type: type ?? "BINARY", size: data.length };
  return {
    cluster_id: clusterId,
    topic_name: topic.name,
    partition_id: produced.partition,
    offset: produced.offset,
    timestamp: isoTime(produced.timestamp),
    key: sized(key, record.key),
    value: sized(value, record.value),
  };
}

/** What became of one record. */
type Outcome = Readonly<Record<string, unknown>> | HttpError;

/** Stores what can be stored; the outcomes are in the order of what was wanted. */
async function store(
  services: HttpServices,
  topic: Topic,
  wanted: readonly (Wanted | HttpError)[],
): Promise<readonly Outcome[]> {
  const records = wanted.flatMap((each) => (each instanceof HttpError ? [] : [each.record]));
  const produced = await services.producer.produce(topic, records);
  let at = 0;
  return wanted.map((each) => {
    if (each instanceof HttpError) return each;
    const result = produced[at++];
    if (result === undefined) return HttpError.of(500, "the record has no fate");
    return result instanceof Refusal ? errorOf(result) : reportOf(services, topic, each, result);
  });
}

const reported = (outcome: Outcome): unknown =>
  outcome instanceof HttpError
    ? { error_code: outcome.errorCode, message: outcome.message }
    : { error_code: 200, ...outcome };

const replyTo = (outcome: Outcome | undefined): Reply | HttpError =>
  outcome === undefined || outcome instanceof HttpError
    ? (outcome ?? HttpError.of(400, "there is no record"))
    : json(reported(outcome));

/** Reads one record of a stream. */
function readWanted(piece: Uint8Array): Wanted | HttpError {
  const value = parseJson(piece);
  if (value instanceof HttpError) return value;
  const asked = requestType.read(value);
  return asked instanceof Mismatch ? HttpError.of(422, asked.message) : wantedOf(asked);
}

async function produceEvent(
  services: HttpServices,
  topic: Topic,
  request: Inbound,
  reader: BodyReader,
): Promise<Reply | HttpError> {
  const body = await reader.whole();
  if (body instanceof HttpError) return body;
  const record = recordOfEvent(request, body);
  if (record instanceof HttpError) return record;
  const [outcome] = await store(services, topic, [{ record, key: "STRING", value: "BINARY" }]);
  return replyTo(outcome);
}

/** A body of known length: all its records are stored before it is answered. */
async function produceWhole(
  services: HttpServices,
  topic: Topic,
  reader: BodyReader,
): Promise<Reply | HttpError> {
  if ((reader.announcedBytes ?? 0) > httpBodyBytesMax) {
    return HttpError.of(413, `a body of more than ${httpBodyBytesMax} bytes, not in chunks`);
  }
  const splitter = new JsonSplitter(httpRecordJsonBytesMax);
  const storing: Promise<readonly Outcome[]>[] = [];
  let count = 0;
  // Piece by piece, so that others have their turn between two of them.
  for (;;) {
    const piece = await reader.piece();
    if (piece instanceof HttpError) return piece;
    if (piece === null) break;
    const objects = splitter.push(piece);
    if (objects instanceof HttpError) return objects;
    count += objects.length;
    if (count > httpBatchEntriesMax) {
      return HttpError.of(413, `more than ${httpBatchEntriesMax} records, not in chunks`);
    }
    storing.push(store(services, topic, objects.map(readWanted)));
  }
  const fault = splitter.end();
  if (fault !== null) return fault;
  const outcomes = new Array<Outcome>().concat(...(await Promise.all(storing)));
  if (outcomes.length < 2) return replyTo(outcomes[0]);
  return bytes(linesOf(outcomes), jsonMediaType);
}

const utf8 = new TextEncoder();

const linesOf = (outcomes: readonly Outcome[]): Uint8Array =>
  utf8.encode(outcomes.map((each) => `${JSON.stringify(reported(each))}\n`).join(""));

function produceStream(
  services: HttpServices,
  topic: Topic,
  request: Inbound,
  reader: BodyReader,
): Reply {
  const splitter = new JsonSplitter(httpRecordJsonBytesMax);
  const take = async (piece: Uint8Array): Promise<Uint8Array | HttpError> => {
    const pieces = splitter.push(piece);
    if (pieces instanceof HttpError) return pieces;
    return linesOf(await store(services, topic, pieces.map(readWanted)));
  };
  const open = (): ReadableStream<Uint8Array> => {
    const reports = new ReportStream(
      reader,
      take,
      () => splitter.end(),
      (fault) => {
        return linesOf([fault]);
      },
    );
    return reports.open((cancel) => request.onEnd(cancel));
  };
  return stream(open, jsonMediaType);
}

const produceRecords = route({
  method: "POST",
  at: "/topics/{topic_name}/records",
  operation: "produceRecord",
  tag: "records",
  summary: "Stores a record, or a stream of them, or a CloudEvent.",
  path: topicPath,
  body: streamBody([jsonMediaType, anyType], requestType),
  answers: {
    200: { doc: "The record is on the disk; a stream has a report each.", type: reportType },
  },
  errors: [429, 507],
  handle: async ({ services, path, request, mediaType, body: reader }) => {
    const isEvent = isCloudEvent(request, mediaType);
    let isStreaming = false;
    try {
      if (!isEvent && mediaType !== jsonMediaType) {
        const message = `the Content-Type has to be ${jsonMediaType}, or the request a CloudEvent`;
        return HttpError.of(415, message, { accept: jsonMediaType });
      }
      const topic = await services.broker.ensureTopic(path.topic_name);
      if (topic instanceof Refusal) return errorOf(topic);
      if (isEvent) return await produceEvent(services, topic, request, reader);
      if (reader.announcedBytes !== null) return await produceWhole(services, topic, reader);
      isStreaming = true;
      return produceStream(services, topic, request, reader);
    } finally {
      if (!isStreaming) reader.end();
    }
  },
});

const produceBatch = route({
  method: "POST",
  at: "/topics/{topic_name}/records:batch",
  operation: "produceRecordsBatch",
  tag: "records",
  summary: "Stores several records; each has its own outcome.",
  path: topicPath,
  body: jsonBody(batchType, [jsonMediaType], httpRecordJsonBytesMax),
  answers: { 207: { doc: "What became of each.", type: batchReportType } },
  errors: [429, 507],
  handle: async ({ services, path, body }) => {
    const topic = await services.broker.ensureTopic(path.topic_name);
    if (topic instanceof Refusal) return errorOf(topic);
    const outcomes = await store(services, topic, body.entries.map(wantedOf));
    const successes: unknown[] = [];
    const failures: unknown[] = [];
    for (const [at, { id }] of body.entries.entries()) {
      const outcome = outcomes[at];
      if (outcome instanceof HttpError) {
        failures.push({ id, error_code: outcome.errorCode, message: outcome.message });
      } else successes.push({ id, ...outcome });
    }
    return json({ successes, failures }, { status: 207 });
  },
});

/** The routes of this family. */
export const produceRoutes: readonly Route[] = [produceRecords, produceBatch].map(inCluster);
