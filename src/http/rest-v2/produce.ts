/**
 * REST v2: records in, whose keys and values are embedded as the Content-Type says: base64, or JSON
 * that is stored as its text. An answer is given when the disk has the records, never before; each
 * has its own outcome.
 */
import { Refusal } from "../../base/refusal.ts";
import type { Topic } from "../../broker/broker.ts";
import type { RecordToProduce } from "../../broker/record-producer.ts";
import { httpBatchEntriesMax, httpRecordJsonBytesMax } from "../../limits.ts";
import { HttpError } from "../errors.ts";
import { bytesOfBase64 } from "../record-data.ts";
import type { Reply } from "../reply.ts";
import { jsonBody, route, type Route } from "../route.ts";
import {
  anything,
  list,
  named,
  nullable,
  object,
  optional,
  text,
  type ValueOf,
  whole,
} from "../schema.ts";
import type { HttpServices } from "../services.ts";
import { partitionNotFound, recordErrorCode, refusedV2 } from "./errors.ts";
import { embeddedFormats, embeddedMediaType, v2Answers, v2Json } from "./media.ts";
import { partitionPathV2, topicPathV2 } from "./topics.ts";

const recordType = object({
  key: optional(anything()),
  value: optional(anything()),
  partition: optional(whole({ min: 0, doc: "By the key, or in turn, if left out." })),
});

/** Clients with schemas send those fields to everybody; here they say nothing. */
const schemaFields = {
  key_schema: optional(text()),
  key_schema_id: optional(whole()),
  value_schema: optional(text()),
  value_schema_id: optional(whole()),
};

const requestType = named(
  "ProduceRequestV2",
  object({ records: list(recordType, { countMax: httpBatchEntriesMax }), ...schemaFields }),
);

const responseType = named(
  "ProduceResponseV2",
  object({
    offsets: list(
      object({
        partition: nullable(whole()),
        offset: nullable(whole()),
        error_code: nullable(whole({ doc: "50002: it can't be; 50003: it may work later." })),
        error: nullable(text()),
      }),
    ),
    key_schema_id: nullable(whole()),
    value_schema_id: nullable(whole()),
  }),
);

const binaryMediaType = embeddedMediaType("binary");
const body = jsonBody(requestType, embeddedFormats.map(embeddedMediaType), httpRecordJsonBytesMax);

const answers = {
  200: { doc: "What became of each record.", type: responseType, mediaTypes: v2Answers },
};

const utf8 = new TextEncoder();

/** The bytes that are meant; 400. */
function bytesOf(embedded: unknown, isBinary: boolean): Uint8Array | null | HttpError {
  if (embedded === undefined || embedded === null) return null;
  if (!isBinary) return utf8.encode(JSON.stringify(embedded));
  const bytes = typeof embedded === "string" ? bytesOfBase64(embedded) : null;
  return bytes ?? HttpError.of(400, "a key or value is not a valid base64 string.");
}

function recordOf(
  { key: givenKey, value: givenValue, partition }: ValueOf<typeof recordType>,
  isBinary: boolean,
  into: number | null,
): RecordToProduce | HttpError {
  const key = bytesOf(givenKey, isBinary);
  if (key instanceof HttpError) return key;
  const value = bytesOf(givenValue, isBinary);
  if (value instanceof HttpError) return value;
  return { partition: partition ?? into, key, value, headers: [], timestamp: null };
}

/** What is asked for. */
interface Asked {
  readonly services: HttpServices;
  readonly body: ValueOf<typeof requestType>;
  readonly mediaType: string | null;
  readonly accepted: string;
}

async function produce(
  { services, body: { records }, mediaType, accepted }: Asked,
  topic: Topic,
  into: number | null,
): Promise<Reply | HttpError> {
  if (records.length === 0) return HttpError.of(422, "records may not be empty");
  const wanted: RecordToProduce[] = [];
  for (const each of records) {
    const record = recordOf(each, mediaType === binaryMediaType, into);
    if (record instanceof HttpError) return record;
    wanted.push(record);
  }
  const produced = await services.producer.produce(topic, wanted);
  const offsets = produced.map((each) => {
    const isRefused = each instanceof Refusal;
    return {
      partition: isRefused ? null : each.partition,
      offset: isRefused ? null : each.offset,
      error_code: isRefused ? recordErrorCode(each) : null,
      error: isRefused ? each.message : null,
    };
  });
  return v2Json({ offsets, key_schema_id: null, value_schema_id: null }, accepted);
}

const common = { method: "POST", tag: "REST v2", body, answers, errors: [507] } as const;

const produceToTopic = route({
  ...common,
  at: "/topics/{topic_name}",
  operation: "produceToTopicV2",
  summary: "Stores records.",
  path: topicPathV2,
  handle: async (call) => {
    const topic = await call.services.broker.ensureTopic(call.path.topic_name);
    return topic instanceof Refusal ? refusedV2(topic) : await produce(call, topic, null);
  },
});

const produceToPartition = route({
  ...common,
  at: "/topics/{topic_name}/partitions/{partition_id}",
  operation: "produceToPartitionV2",
  summary: "Stores records in one partition.",
  path: partitionPathV2,
  handle: async (call) => {
    const topic = await call.services.broker.ensureTopic(call.path.topic_name);
    if (topic instanceof Refusal) return refusedV2(topic);
    const { partition_id: into } = call.path;
    return into < topic.partitions.length ? await produce(call, topic, into) : partitionNotFound;
  },
});

/** The routes of this family. */
export const produceRoutesV2: readonly Route[] = [produceToTopic, produceToPartition];
