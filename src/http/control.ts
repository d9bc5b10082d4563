/**
 * What commands of this machine ask of a running broker, over the control socket in its data
 * directory: topics, as JSON. The same function answers them when no broker runs and the command
 * has opened the directory itself.
 *
 *     GET    /topics           all topics
 *     POST   /topics           { name, partitionCount?, config? }: creates one
 *     GET    /topics/<name>    one topic
 *     DELETE /topics/<name>    removes it and its records
 *
 * A name is percent-encoded where a path needs it. A refusal is { code, message } with a status of
 * 400 or above; `code` as in `base/refusal.ts`. What is none of these requests gets a { message }.
 */
import { quoted } from "../base/printable.ts";
import { Refusal, type RefusalCode } from "../base/refusal.ts";
import type { Broker, NewTopic, Topic } from "../broker/broker.ts";
import { controlBodyBytesMax, shownCharactersMax } from "../limits.ts";

/** A partition, as it is shown. */
export interface PartitionSummary {
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
  readonly records: number;
  readonly bytes: number;
}

/** A topic, as it is shown. */
export interface TopicSummary {
  readonly name: string;
  readonly id: string;
  /** What was set for this topic. */
  readonly config: Readonly<Record<string, string>>;
  readonly partitions: readonly PartitionSummary[];
}

/** A refusal, as it is sent. */
export interface RefusalBody {
  readonly code: RefusalCode;
  readonly message: string;
}

/** Answers one request, whatever is in it. Never rejects. */
export async function handleControl(broker: Broker, request: Request): Promise<Response> {
  const path = pathOf(request);
  if (path === null) return answer(400, `no path: ${shown(request.url)}`);
  const [root, collection, name, ...rest] = path;
  if (root !== "" || collection !== "topics" || name === "" || rest.length > 0) {
    return answer(404, `no such path: ${shown(path.join("/"))}`);
  }
  if (name === undefined) return await handleTopics(broker, request);
  return await handleTopic(broker, request, name);
}

/** The parts of the path, decoded. `null`: the server made the URL of a header, or an escape. */
function pathOf(request: Request): string[] | null {
  try {
    return new URL(request.url).pathname.split("/").map(decodeURIComponent);
  } catch (error) {
    if (error instanceof TypeError || error instanceof URIError) return null;
    throw error;
  }
}

async function handleTopics(broker: Broker, request: Request): Promise<Response> {
  if (request.method === "GET") return Response.json(broker.topics().map(summaryOf));
  if (request.method !== "POST") return notAllowed("GET, POST");
  const text = await textOf(request);
  if (text instanceof Response) return text;
  const wanted = newTopicOf(text);
  if (typeof wanted === "string") return answer(400, wanted);
  const topic = await broker.createTopic(wanted);
  if (topic instanceof Refusal) return refused(topic);
  return Response.json(summaryOf(topic), { status: 201 });
}

async function handleTopic(broker: Broker, request: Request, name: string): Promise<Response> {
  if (request.method === "GET") {
    const topic = broker.topic(name);
    return topic ? Response.json(summaryOf(topic)) : refused(unknownTopic(name));
  }
  if (request.method !== "DELETE") return notAllowed("GET, DELETE");
  const refusal = await broker.deleteTopic(name);
  return refusal ? refused(refusal) : new Response(null, { status: 204 });
}

const shown = (text: string): string => quoted(text, shownCharactersMax);

const unknownTopic = (name: string): Refusal =>
  new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic ${shown(name)}`);

/** The body; an answer if it is too large, of which no more than that is read, or broke off. */
async function textOf(request: Request): Promise<string | Response> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of request.body ?? []) {
      bytes += chunk.length;
      if (bytes > controlBodyBytesMax) {
        return answer(413, `the request has more than ${controlBodyBytesMax} bytes`);
      }
      chunks.push(chunk);
    }
    return new TextDecoder("utf-8", { fatal: true }).decode(Buffer.concat(chunks));
  } catch (error) {
    return answer(400, `the request can't be read: ${String(error)}`);
  }
}

/** What is wanted; a text says what is wrong. Nothing is ignored: a slip would have no effect. */
function newTopicOf(text: string): NewTopic | string {
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return `the request is no JSON: ${String(error)}`;
  }
  if (!isObject(body)) return "the request is no object";
  const { name, partitionCount, config, ...rest } = body;
  const [unknown] = Object.keys(rest);
  if (unknown !== undefined) return `${shown(unknown)} is nothing that a topic has`;
  if (typeof name !== "string") return "`name` is missing, or no text";
  if (partitionCount !== undefined && typeof partitionCount !== "number") {
    return "`partitionCount` is no number";
  }
  if (config !== undefined && !isTextMap(config)) return "`config` is no object of texts";
  return {
    name,
    ...(partitionCount === undefined ? {} : { partitionCount }),
    ...(config === undefined ? {} : { config }),
  };
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isTextMap = (value: unknown): value is Record<string, string> =>
  isObject(value) && Object.values(value).every((text) => typeof text === "string");

function summaryOf(topic: Topic): TopicSummary {
  const partitions = topic.partitions.map(({ index, log }) => ({
    partition: index,
    startOffset: log.startOffset,
    endOffset: log.visibleOffset,
    records: log.visibleOffset - log.startOffset,
    bytes: log.sizeBytes,
  }));
  return { name: topic.name, id: topic.id, config: topic.config.raw, partitions };
}

/** HTTP's word for each refusal. */
const statusOf: Readonly<Record<RefusalCode, number>> = {
  CORRUPT_MESSAGE: 400,
  DISK_FULL: 507,
  FENCED_LEADER_EPOCH: 409,
  INVALID_CONFIG: 400,
  INVALID_PARTITIONS: 400,
  INVALID_PRODUCER_EPOCH: 409,
  INVALID_RECORD: 400,
  INVALID_REQUEST: 400,
  INVALID_TIMESTAMP: 400,
  INVALID_TOPIC_EXCEPTION: 400,
  KAFKA_STORAGE_ERROR: 500,
  MESSAGE_TOO_LARGE: 413,
  OFFSET_OUT_OF_RANGE: 404,
  OUT_OF_ORDER_SEQUENCE_NUMBER: 409,
  POLICY_VIOLATION: 403,
  SHUTTING_DOWN: 503,
  THROTTLING_QUOTA_EXCEEDED: 429,
  TOPIC_ALREADY_EXISTS: 409,
  UNKNOWN_LEADER_EPOCH: 409,
  UNKNOWN_TOPIC_OR_PARTITION: 404,
  UNSUPPORTED_COMPRESSION_TYPE: 415,
};

function refused({ code, message }: Refusal): Response {
  const body: RefusalBody = { code, message };
  return Response.json(body, { status: statusOf[code] });
}

/** For what is no request of this interface: a defect of whoever sent it. */
const answer = (status: number, message: string): Response =>
  Response.json({ message }, { status });

const notAllowed = (allow: string): Response =>
  Response.json({ message: `allowed here: ${allow}` }, { status: 405, headers: { allow } });
