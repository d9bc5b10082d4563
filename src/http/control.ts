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
 * A refusal is { code, message } with a status of 400 or above; `code` as in `base/refusal.ts`.
 */
import { Refusal, type RefusalCode } from "../base/refusal.ts";
import type { Broker, NewTopic, Topic } from "../broker/broker.ts";
import { controlBodyBytesMax } from "../limits.ts";

/** A partition, as it is shown. */
export interface PartitionSummary {
  readonly partition: number;
  readonly startOffset: number;
  readonly endOffset: number;
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

/** Answers one request. Never rejects. */
export async function handleControl(broker: Broker, request: Request): Promise<Response> {
  const [, collection, name, ...rest] = new URL(request.url).pathname.split("/");
  if (collection !== "topics" || rest.length > 0) return notFound(request);
  if (name === undefined) return await handleTopics(broker, request);
  return await handleTopic(broker, request, name);
}

async function handleTopics(broker: Broker, request: Request): Promise<Response> {
  if (request.method === "GET") return Response.json(broker.topics().map(summaryOf));
  if (request.method !== "POST") return notAllowed("GET, POST");
  const wanted = await newTopicOf(request);
  if (wanted instanceof Refusal) return refused(wanted);
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

const unknownTopic = (name: string): Refusal =>
  new Refusal("UNKNOWN_TOPIC_OR_PARTITION", `there is no topic "${name}"`);

async function newTopicOf(request: Request): Promise<NewTopic | Refusal> {
  const invalid = (reason: string): Refusal => new Refusal("INVALID_CONFIG", reason);
  const text = await request.text();
  if (text.length > controlBodyBytesMax) return invalid("the request is too large");
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch (error) {
    return invalid(`the request is no JSON: ${String(error)}`);
  }
  if (typeof body !== "object" || body === null) return invalid("the request is no object");
  const { name, partitionCount, config } = body as Record<keyof NewTopic, unknown>;
  if (typeof name !== "string") return invalid("`name` is missing");
  if (partitionCount !== undefined && typeof partitionCount !== "number") {
    return invalid("`partitionCount` is no number");
  }
  if (config !== undefined && !isTextMap(config)) return invalid("`config` holds only texts");
  return {
    name,
    ...(partitionCount === undefined ? {} : { partitionCount }),
    ...(config === undefined ? {} : { config }),
  };
}

const isTextMap = (value: unknown): value is Record<string, string> =>
  typeof value === "object" &&
  value !== null &&
  Object.values(value).every((text) => typeof text === "string");

function summaryOf(topic: Topic): TopicSummary {
  const partitions = topic.partitions.map(({ index, log }) => ({
    partition: index,
    startOffset: log.startOffset,
    endOffset: log.visibleOffset,
    bytes: log.sizeBytes,
  }));
  return { name: topic.name, id: topic.id, config: topic.config.raw, partitions };
}

/** HTTP's word for each refusal. */
const statusOf: Readonly<Record<RefusalCode, number>> = {
  CORRUPT_MESSAGE: 400,
  DISK_FULL: 507,
  INVALID_CONFIG: 400,
  INVALID_PARTITIONS: 400,
  INVALID_RECORD: 400,
  INVALID_TOPIC_EXCEPTION: 400,
  KAFKA_STORAGE_ERROR: 500,
  MESSAGE_TOO_LARGE: 413,
  OFFSET_OUT_OF_RANGE: 404,
  POLICY_VIOLATION: 403,
  SHUTTING_DOWN: 503,
  THROTTLING_QUOTA_EXCEEDED: 429,
  TOPIC_ALREADY_EXISTS: 409,
  UNKNOWN_TOPIC_OR_PARTITION: 404,
};

function refused({ code, message }: Refusal): Response {
  const body: RefusalBody = { code, message };
  return Response.json(body, { status: statusOf[code] });
}

const notFound = (request: Request): Response =>
  Response.json({ message: `no such path: ${new URL(request.url).pathname}` }, { status: 404 });

const notAllowed = (allow: string): Response =>
  Response.json({ message: `allowed here: ${allow}` }, { status: 405, headers: { allow } });
