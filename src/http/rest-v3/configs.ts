/**
 * REST v3: configurations of topics, of the broker, and of all brokers (the cluster), which with
 * one broker are the same. All there are are shown, each with where its value comes from.
 */
import { Refusal } from "../../base/refusal.ts";
import type { ConfigAlteration } from "../../broker/config-change.ts";
import type { ConfigEntry } from "../../broker/config-entries.ts";
import { errorOf, HttpError } from "../errors.ts";
import { json, noContent, type Reply } from "../reply.ts";
import { jsonBody, route, type Route } from "../route.ts";
import {
  type Fields,
  flag,
  list,
  named,
  nullable,
  object,
  oneOf,
  optional,
  text,
  whole,
} from "../schema.ts";
import {
  brokerPath,
  collection,
  inCluster,
  listType,
  otherBroker,
  pageQuery,
  type Place,
  resource,
  resourceType,
  topicPath,
} from "./resource.ts";

const configFields = {
  name: text(),
  value: nullable(text()),
  is_default: flag(),
  is_read_only: flag(),
  is_sensitive: flag(),
  source: text({ doc: "Kafka's word for where the value comes from." }),
  synonyms: list(
    named("ConfigSynonym", object({ name: text(), value: nullable(text()), source: text() })),
  ),
};

const updateType = named("UpdateConfigRequest", object({ value: nullable(text()) }));
const alterType = named(
  "AlterConfigBatchRequest",
  object({
    data: list(
      object({
        name: text(),
        value: optional(nullable(text())),
        operation: optional(oneOf(["SET", "DELETE"], { doc: "SET by default." })),
      }),
    ),
    validate_only: optional(flag({ doc: "Checks it, and changes nothing." })),
  }),
);

const fieldsOf = (entry: ConfigEntry): Readonly<Record<string, unknown>> => ({
  name: entry.name,
  value: entry.value,
  is_default: entry.configSource === "DEFAULT_CONFIG",
  is_read_only: entry.readOnly,
  is_sensitive: false,
  source: entry.configSource,
  synonyms: entry.synonyms,
});

/** One thing that has a configuration: how to describe and to change it. */
interface Owner<Path> {
  readonly path: Fields;
  /** Before `/{name}`. */
  readonly at: string;
  /** In operation ids, as `KafkaTopicConfig`. */
  readonly word: string;
  readonly kind: string;
  /** Fields beside those of all configurations, and their values. */
  readonly fields: Fields;
  readonly values: (path: Path) => Readonly<Record<string, unknown>>;
  /** Its path, and its Confluent resource name. */
  readonly segments: (path: Path) => readonly unknown[];
  readonly name: (path: Path) => readonly (readonly [type: string, id: unknown])[];
  readonly entries: (place: Place, path: Path) => readonly ConfigEntry[] | HttpError;
  readonly alter: (
    place: Place,
    path: Path,
    alterations: readonly ConfigAlteration[],
    validateOnly: boolean,
  ) => Promise<HttpError | null>;
}

const refused = (refusal: Refusal | null): HttpError | null =>
  refusal === null ? null : errorOf(refusal);

const topicOwner: Owner<{ readonly topic_name: string }> = {
  path: topicPath,
  at: "/topics/{topic_name}/configs",
  word: "TopicConfig",
  kind: "KafkaTopicConfig",
  fields: { topic_name: text() },
  values: ({ topic_name }) => ({ topic_name }),
  segments: ({ topic_name }) => ["topics", topic_name, "configs"],
  name: ({ topic_name }) => [["topic", topic_name]],
  entries: ({ services }, { topic_name: name }) => {
    const entries = services.broker.describeTopicConfig(name);
    return entries instanceof Refusal ? errorOf(entries) : entries;
  },
  alter: async ({ services }, { topic_name: name }, configs, validateOnly) => {
    const change = { kind: "incremental", configs } as const;
    return refused(await services.broker.alterTopicConfig(name, change, { validateOnly }));
  },
};

const alterBroker: Owner<unknown>["alter"] = async ({ services }, _, configs, validateOnly) => {
  const change = { kind: "incremental", configs } as const;
  return refused(await services.broker.alterBrokerConfig(change, { validateOnly }));
};

const brokerOwner: Owner<{ readonly broker_id: number }> = {
  path: brokerPath,
  at: "/brokers/{broker_id}/configs",
  word: "BrokerConfig",
  kind: "KafkaBrokerConfig",
  fields: { broker_id: whole() },
  values: ({ broker_id }) => ({ broker_id }),
  segments: ({ broker_id }) => ["brokers", broker_id, "configs"],
  name: ({ broker_id }) => [["broker", broker_id]],
  entries: (place, { broker_id: id }) =>
    otherBroker(place, id) ?? place.services.broker.describeBrokerConfig(),
  alter: async (place, path, alterations, validateOnly) =>
    otherBroker(place, path.broker_id) ??
    (await alterBroker(place, path, alterations, validateOnly)),
};

const clusterOwner: Owner<unknown> = {
  path: {},
  at: "/broker-configs",
  word: "ClusterConfig",
  kind: "KafkaClusterConfig",
  fields: { config_type: text() },
  values: () => ({ config_type: "BROKER" }),
  segments: () => ["broker-configs"],
  name: () => [],
  entries: ({ services }) => services.broker.describeBrokerDefaults(),
  alter: alterBroker,
};

/** List, get, set, reset and change of one owner's configuration. */
function routesOf<Path>(owner: Owner<Path>): readonly Route[] {
  const { path, at, word, kind } = owner;
  const type = resourceType(kind, { ...owner.fields, ...configFields });
  const namePath = { ...path, name: text() };
  const show = (place: Place, given: Path, entry: ConfigEntry): unknown =>
    resource(
      place,
      kind,
      [...owner.segments(given), entry.name],
      [...owner.name(given), ["config", entry.name]],
      { ...owner.values(given), ...fieldsOf(entry) },
    );
  const find = (place: Place, given: Path, name: string): Reply | HttpError => {
    const entries = owner.entries(place, given);
    if (entries instanceof HttpError) return entries;
    const entry = entries.find((each) => each.name === name);
    return entry === undefined ? noConfig : json(show(place, given, entry));
  };
  const altered = async (
    place: Place,
    given: Path,
    alterations: readonly ConfigAlteration[],
    validateOnly = false,
  ): Promise<Reply | HttpError> =>
    (await owner.alter(place, given, alterations, validateOnly)) ?? noContent();
  const common = { tag: "configs" as const };
  return [
    route({
      ...common,
      method: "GET",
      at,
      operation: `listKafka${word}s`,
      summary: "All configurations, with where their values come from.",
      path,
      query: pageQuery,
      answers: { 200: { doc: "A page of them.", type: listType(`${kind}List`, type) } },
      handle: (call) => {
        const given = call.path as Path;
        const entries = owner.entries(call, given);
        if (entries instanceof HttpError) return entries;
        return collection(call, `${kind}List`, entries, (entry) => show(call, given, entry));
      },
    }),
    route({
      ...common,
      method: "GET",
      at: `${at}/{name}`,
      operation: `getKafka${word}`,
      summary: "One configuration.",
      path: namePath,
      answers: { 200: { doc: "The configuration.", type } },
      handle: (call) => find(call, call.path as Path, nameIn(call.path)),
    }),
    ...changing(owner, namePath, altered),
  ];
}

type Altered<Path> = (
  place: Place,
  path: Path,
  alterations: readonly ConfigAlteration[],
  validateOnly?: boolean,
) => Promise<Reply | HttpError>;

/** Those of an owner's routes that change something. */
function changing<Path>(
  { at, word, path }: Owner<Path>,
  namePath: Fields,
  altered: Altered<Path>,
): readonly Route[] {
  return [
    route({
      method: "PUT",
      at: `${at}/{name}`,
      operation: `updateKafka${word}`,
      tag: "configs",
      summary: "Sets one configuration.",
      path: namePath,
      body: jsonBody(updateType),
      answers: { 204: { doc: "It is set." } },
      handle: (call) => {
        const name = nameIn(call.path);
        const { value } = call.body;
        const configOperation = value === null ? "DELETE" : "SET";
        return altered(call, call.path as Path, [{ name, configOperation, value }]);
      },
    }),
    route({
      method: "DELETE",
      at: `${at}/{name}`,
      operation: `deleteKafka${word}`,
      tag: "configs",
      summary: "Gives one configuration its default again.",
      path: namePath,
      answers: { 204: { doc: "It has its default." } },
      handle: (call) => {
        const name = nameIn(call.path);
        const alteration = { name, configOperation: "DELETE", value: null } as const;
        return altered(call, call.path as Path, [alteration]);
      },
    }),
    route({
      method: "POST",
      at: `${at}:alter`,
      operation: `updateKafka${word}s`,
      tag: "configs",
      summary: "Sets and resets several configurations at once, or none of them.",
      path,
      body: jsonBody(alterType),
      answers: { 204: { doc: "All are changed; with `validate_only`, all could be." } },
      handle: (call) => {
        const alterations = call.body.data.map(({ name, value = null, operation = "SET" }) => {
          return { name, configOperation: operation, value };
        });
        return altered(call, call.path as Path, alterations, call.body.validate_only);
      },
    }),
  ];
}

/** The last name of the path, which its description holds to be a text. */
const nameIn = (path: unknown): string => (path as { readonly name: string }).name;

const noConfig = HttpError.of(404, "there is no configuration of that name");

/** The configurations of all topics (`/topics/-/configs`), and of all brokers. */
const listAllTopics = route({
  method: "GET",
  at: "/topics/-/configs",
  operation: "listKafkaAllTopicConfigs",
  tag: "configs",
  summary: "All configurations of all topics.",
  query: pageQuery,
  answers: {
    200: {
      doc: "A page of them.",
      type: listType(
        "KafkaTopicConfigList",
        resourceType("KafkaTopicConfig", { ...topicOwner.fields, ...configFields }),
      ),
    },
  },
  handle: (call) => {
    const rows = call.services.broker.topics().flatMap(({ name }) => {
      const entries = topicOwner.entries(call, { topic_name: name });
      return entries instanceof HttpError ? [] : entries.map((entry) => ({ name, entry }));
    });
    return collection(call, "KafkaTopicConfigList", rows, ({ name, entry }) =>
      resource(
        call,
        "KafkaTopicConfig",
        ["topics", name, "configs", entry.name],
        [
          ["topic", name],
          ["config", entry.name],
        ],
        { topic_name: name, ...fieldsOf(entry) },
      ),
    );
  },
});

/** The routes of this family. */
export const configRoutes: readonly Route[] = [
  ...routesOf(topicOwner),
  listAllTopics,
  ...routesOf(brokerOwner),
  ...routesOf(clusterOwner),
].map(inCluster);
