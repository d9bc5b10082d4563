/**
 * What the page asks of its broker: REST v3, and what the console has beside it. Everything goes to
 * the page's own origin. An answer that is an error, or none, is thrown as a {@link Failure}.
 */
import type { BrokerDetail } from "../http/console-api/broker.ts";
import type { GroupDetail, GroupOrder, GroupRows, LagOrder } from "../http/console-api/groups.ts";
import type { Live } from "../http/console-api/live.ts";
import type { ResetResult } from "../http/console-api/reset.ts";
import type { Partitions, Settings, TopicOrder, TopicRows } from "../http/console-api/topics.ts";

/** Why there is no answer, as a sentence. */
export class Failure extends Error {
  /** @param status 0: the broker did not answer at all */
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
  }
}

/** The sentence of whatever was thrown. */
export const messageOf = (error: unknown): string =>
  error instanceof Error ? error.message : String(error);

const isErrorBody = (body: unknown): body is { readonly message: string } =>
  typeof body === "object" &&
  body !== null &&
  "message" in body &&
  typeof body.message === "string";

/** One request; its answer as JSON, `null` if it has no body. */
async function ask(
  method: string,
  path: string,
  body?: unknown,
  signal?: AbortSignal,
): Promise<unknown> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      ...(signal && { signal }),
      ...(body !== undefined && {
        body: JSON.stringify(body),
        headers: { "content-type": "application/json" },
      }),
    });
    text = await response.text();
  } catch (error) {
    if (signal?.aborted === true) throw error;
    throw new Failure(0, "The broker does not answer.");
  }
  const answer = parsed(text);
  if (response.ok) return answer;
  const said = isErrorBody(answer) ? answer.message : `It answered ${response.status}.`;
  throw new Failure(response.status, sentence(said));
}

const sentence = (text: string): string =>
  text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function parsed(text: string): unknown {
  try {
    return text === "" ? null : JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return null;
    throw error;
  }
}

let clusterId: Promise<string> | null = null;

/** A path in the cluster, each segment encoded. */
async function inCluster(...segments: readonly (string | number)[]): Promise<string> {
  clusterId ??= (ask("GET", "/v3/clusters") as Promise<ClusterList>)
    .then(({ data }) => data[0]?.cluster_id ?? "")
    .catch((error: unknown) => {
      clusterId = null;
      throw error;
    });
  return `/v3/clusters/${[await clusterId, ...segments].map((each) => encode(each)).join("/")}`;
}

const encode = (segment: string | number): string => encodeURIComponent(String(segment));

interface ClusterList {
  readonly data: readonly { readonly cluster_id: string }[];
}

/** A key or a value, as REST v3 has it: always base64 here. */
interface Data {
  readonly type: "BINARY";
  readonly data: string;
}

/** A record, as REST v3 has it. */
export interface WireRecord {
  readonly partition_id: number;
  readonly offset: number;
  /** -1: none. */
  readonly timestamp_ms: number;
  readonly headers: readonly { readonly name: string; readonly value: string | null }[];
  readonly key: Data | null;
  readonly value: Data | null;
}

/** A page of records. */
export interface RecordPage {
  readonly next_offset: number;
  readonly earliest_offset: number;
  readonly latest_offset: number;
  readonly data: readonly WireRecord[];
}

/** Which records, and from where on. */
export interface RecordQuery {
  readonly offset?: number | string;
  readonly time?: number;
  readonly limit?: number;
  readonly key?: string;
  readonly header?: string;
  readonly contains?: string;
}

/** A record to be stored. */
export interface NewRecord {
  readonly partition_id?: number;
  readonly timestamp?: number;
  readonly headers: readonly { readonly name: string; readonly value: string | null }[];
  readonly key: Data | null;
  readonly value: Data | null;
}

/** Where it was stored. */
export interface Stored {
  readonly error_code: number;
  readonly message?: string;
  readonly partition_id: number;
  readonly offset: number;
}

/** What follows the path; without parameters that are not given. */
function queryText(query: object): string {
  const given = Object.entries(query).filter(([, value]) => value !== undefined && value !== "");
  const asked = new URLSearchParams(given.map(([name, value]) => [name, String(value)]));
  return given.length === 0 ? "" : `?${asked.toString()}`;
}

/** Which part of a list. */
export interface ListQuery {
  readonly search?: string;
  readonly down?: boolean;
  readonly from?: number;
  readonly limit?: number;
}

const own = (...segments: readonly string[]): string =>
  `/console/api/${segments.map((each) => encode(each)).join("/")}`;

/** Which settings a topic is to have, or no longer to have of its own (`null`). */
export type SettingChanges = readonly { readonly name: string; readonly value: string | null }[];

const altered = (changes: SettingChanges): readonly object[] =>
  changes.map(({ name, value }) => {
    return value === null ? { name, operation: "DELETE" } : { name, value };
  });

/** How a group is to be moved. */
export interface ResetWish {
  readonly to: "earliest" | "latest" | "offset" | "time" | "shift";
  readonly value?: string;
  readonly topics?: readonly { readonly topic: string; readonly partitions?: readonly number[] }[];
}

/** Everything that the page can ask. */
export const api = {
  live: () => ask("GET", own("live")) as Promise<Live>,
  broker: () => ask("GET", own("broker")) as Promise<BrokerDetail>,
  topics: (query: ListQuery & { readonly order?: TopicOrder }) =>
    ask("GET", own("topics") + queryText(query)) as Promise<TopicRows>,
  groups: (query: ListQuery & { readonly order?: GroupOrder }) =>
    ask("GET", own("groups") + queryText(query)) as Promise<GroupRows>,
  group: (id: string, query: ListQuery & { readonly order?: LagOrder }) =>
    ask("GET", own("groups", id) + queryText(query)) as Promise<GroupDetail>,
  partitions: (topic: string) =>
    ask("GET", own("topics", topic, "partitions")) as Promise<Partitions>,
  settings: (topic: string) => ask("GET", own("topics", topic, "settings")) as Promise<Settings>,
  newTopicSettings: () => ask("GET", own("topic-settings")) as Promise<Settings>,
  brokerSettings: () => ask("GET", own("broker-settings")) as Promise<Settings>,

  topic: async (name: string) => ask("GET", await inCluster("topics", name)),
  createTopic: async (name: string, partitions: number | null, configs: SettingChanges) =>
    ask("POST", await inCluster("topics"), {
      topic_name: name,
      ...(partitions !== null && { partitions_count: partitions }),
      configs,
    }),
  addPartitions: async (topic: string, inAll: number) =>
    ask("PATCH", await inCluster("topics", topic), { partitions_count: inAll }),
  deleteTopic: async (topic: string) => ask("DELETE", await inCluster("topics", topic)),
  changeSettings: async (topic: string, changes: SettingChanges) =>
    ask("POST", `${await inCluster("topics", topic, "configs")}:alter`, {
      data: altered(changes),
    }),
  changeBrokerSettings: async (changes: SettingChanges) =>
    ask("POST", `${await inCluster("broker-configs")}:alter`, {
      data: altered(changes),
    }),

  records: async (topic: string, partition: number, query: RecordQuery, signal?: AbortSignal) => {
    const path = await inCluster("topics", topic, "partitions", partition, "records");
    const asked = queryText({ ...query, format: "binary" });
    return (await ask("GET", path + asked, undefined, signal)) as RecordPage;
  },
  produce: async (topic: string, record: NewRecord): Promise<Stored> => {
    const stored = (await ask(
      "POST",
      await inCluster("topics", topic, "records"),
      record,
    )) as Stored;
    if (stored.error_code === 200) return stored;
    throw new Failure(stored.error_code, sentence(stored.message ?? "It was not stored"));
  },

  deleteGroup: async (id: string) => ask("DELETE", await inCluster("consumer-groups", id)),
  resetGroup: (id: string, wish: ResetWish, preview: boolean) =>
    ask("POST", own("groups", id, "reset"), { ...wish, preview }) as Promise<ResetResult>,
};
