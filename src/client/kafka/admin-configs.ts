/** Configurations of topics and brokers, as an admin reads and changes them. */
import { apis } from "../../kafka/apis.ts";
import { leftOut, type AdminCalls, type Ask, type Outcome, type Route } from "./admin-calls.ts";
import { ClientError, kafkaError } from "./client-error.ts";
import type { Destination } from "./cluster.ts";

/** `ConfigResource.Type` */
const resourceTypes = { topic: 2, broker: 4, group: 32 } as const;

export const configResourceTypes = Object.keys(resourceTypes);

/** What has a configuration. */
export interface ConfigResource {
  readonly type: keyof typeof resourceTypes;
  /** Of a broker: its node id; empty: the default of all brokers. */
  readonly name: string;
}

/** `DescribeConfigsResponse.ConfigSource`, by number. */
const sources = [
  "UNKNOWN_CONFIG",
  "TOPIC_CONFIG",
  "DYNAMIC_BROKER_CONFIG",
  "DYNAMIC_DEFAULT_BROKER_CONFIG",
  "STATIC_BROKER_CONFIG",
  "DEFAULT_CONFIG",
  "DYNAMIC_BROKER_LOGGER_CONFIG",
  "CLIENT_METRICS_CONFIG",
  "GROUP_CONFIG",
] as const;

/** `DescribeConfigsResponse.ConfigType`, by number. */
const types = [
  "UNKNOWN",
  "BOOLEAN",
  "STRING",
  "INT",
  "SHORT",
  "LONG",
  "DOUBLE",
  "LIST",
  "CLASS",
  "PASSWORD",
] as const;

/** `AlterConfigOp.OpType`, by number. */
export const configOperations = ["SET", "DELETE", "APPEND", "SUBTRACT"] as const;

/** One setting as it is. */
export interface ConfigEntry {
  readonly name: string;
  /** `null`: there is none, or it is not shown. */
  readonly value: string | null;
  readonly source: (typeof sources)[number];
  readonly type: (typeof types)[number];
  readonly isReadOnly: boolean;
  readonly isSensitive: boolean;
  /** What it means; `null`: the broker does not tell. */
  readonly documentation: string | null;
}

export interface DescribedConfigs extends ConfigResource, Outcome {
  readonly entries: readonly ConfigEntry[];
}

/** One setting as it shall be. */
export interface ConfigChange {
  readonly name: string;
  readonly operation: (typeof configOperations)[number];
  /** Not for DELETE, which goes back to the default. */
  readonly value?: string;
}

/** Changes of one resource. */
export interface ConfigAlteration extends ConfigResource {
  readonly changes: readonly ConfigChange[];
}

export interface AlteredConfigs extends ConfigResource, Outcome {}

/** What belongs to one broker is asked for there; the rest where `otherwise` says. */
const configRoute = (
  { cluster }: AdminCalls,
  otherwise: "any" | "controller",
): Route<ConfigResource> => ({
  async find({ type, name }) {
    if (type !== "broker" || !/^\d+$/.test(name)) return otherwise;
    const { nodes } = await cluster.describe();
    const node = nodes.find(({ nodeId }) => nodeId === Number(name));
    if (node !== undefined) return node.nodeId;
    throw new ClientError("BROKER_NOT_AVAILABLE", `the cluster has no broker ${name}`);
  },
  forget: () => cluster.forgetController(),
});

/** @param names of the settings; `null`: all */
export function describeConfigs(
  calls: AdminCalls,
  resources: readonly ConfigResource[],
  names: readonly string[] | null,
): Promise<DescribedConfigs[]> {
  const ask: Ask<ConfigResource, DescribedConfigs> = async (to, items) => {
    const request = {
      resources: items.map((item) => ({
        resourceType: resourceTypes[item.type],
        resourceName: item.name,
        configurationKeys: names,
      })),
      includeSynonyms: false,
      includeDocumentation: true,
    };
    const { results } = await calls.cluster.send(to, apis.DescribeConfigs, request);
    const rows = new Map(results.map((row) => [key(row.resourceType, row.resourceName), row]));
    return items.map((item) => {
      const row = rows.get(key(resourceTypes[item.type], item.name));
      if (row === undefined) return notDescribed(item, leftOut());
      const doing = `describing the configuration of ${item.type} ${item.name}`;
      const error = kafkaError(row.errorCode, doing, row.errorMessage);
      const entries = row.configs.map((config) => ({
        name: config.name,
        value: config.value,
        source: sources[config.configSource] ?? "UNKNOWN_CONFIG",
        type: types[config.configType] ?? "UNKNOWN",
        isReadOnly: config.readOnly,
        isSensitive: config.isSensitive,
        documentation: config.documentation || null,
      }));
      return { type: item.type, name: item.name, entries, error };
    });
  };
  const sizeOf = (): number => 1 + (names?.length ?? 0);
  return calls.each(resources, configRoute(calls, "any"), ask, notDescribed, sizeOf);
}

const notDescribed = (
  { type, name }: ConfigResource,
  error: ClientError | null,
): DescribedConfigs => ({ type, name, entries: [], error });

export function alterConfigs(
  calls: AdminCalls,
  alterations: readonly ConfigAlteration[],
  validateOnly: boolean,
): Promise<AlteredConfigs[]> {
  const failed = ({ type, name }: ConfigResource, error: ClientError | null): AlteredConfigs => {
    return { type, name, error };
  };
  const ask: Ask<ConfigAlteration, AlteredConfigs> = async (to, items) => {
    const rows = await alter(calls, to, items, validateOnly);
    const answers = new Map(rows.map((row) => [key(row.resourceType, row.resourceName), row]));
    return items.map((item) => {
      const row = answers.get(key(resourceTypes[item.type], item.name));
      if (row === undefined) return failed(item, leftOut());
      const doing = `changing the configuration of ${item.type} ${item.name}`;
      return failed(item, kafkaError(row.errorCode, doing, row.errorMessage));
    });
  };
  const sizeOf = ({ changes }: ConfigAlteration): number => 1 + changes.length;
  return calls.each(alterations, configRoute(calls, "controller"), ask, failed, sizeOf);
}

interface AlterRow {
  readonly errorCode: number;
  readonly errorMessage: string | null;
  readonly resourceType: number;
  readonly resourceName: string;
}

/** Brokers before Kafka 2.3 know no single changes (KIP-339): all settings are written anew. */
async function alter(
  calls: AdminCalls,
  to: Destination,
  items: readonly ConfigAlteration[],
  validateOnly: boolean,
): Promise<readonly AlterRow[]> {
  const { cluster } = calls;
  const request = {
    resources: items.map((item) => ({
      resourceType: resourceTypes[item.type],
      resourceName: item.name,
      configs: item.changes.map((change) => ({
        name: change.name,
        configOperation: configOperations.indexOf(change.operation),
        value: change.operation === "DELETE" ? null : (change.value ?? null),
      })),
    })),
    validateOnly,
  };
  try {
    return (await cluster.send(to, apis.IncrementalAlterConfigs, request)).responses;
  } catch (error) {
    if (!(error instanceof ClientError && error.code === "UNSUPPORTED")) throw error;
  }
  const described = await describeConfigs(calls, items, null);
  const resources = items.map((item, index) => ({
    resourceType: resourceTypes[item.type],
    resourceName: item.name,
    configs: changed(item, described[index] ?? notDescribed(item, leftOut())),
  }));
  return (await cluster.send(to, apis.AlterConfigs, { resources, validateOnly })).responses;
}

/** What was set on the resource itself. */
const ownSources: readonly ConfigEntry["source"][] = [
  "TOPIC_CONFIG",
  "DYNAMIC_BROKER_CONFIG",
  "GROUP_CONFIG",
];

/** All settings of a resource, after the changes. */
function changed(
  { changes }: ConfigAlteration,
  { entries, error }: DescribedConfigs,
): { name: string; value: string | null }[] {
  if (error !== null) throw error;
  const own = new Map<string, string | null>();
  for (const { name, value, source } of entries)
    if (ownSources.includes(source)) own.set(name, value);
  for (const { name, operation, value = "" } of changes) {
    const current = entries.find((entry) => entry.name === name)?.value ?? "";
    const elements = current === "" ? [] : current.split(",");
    const given = value.split(",");
    if (operation === "DELETE") own.delete(name);
    else if (operation === "SET") own.set(name, value);
    else if (operation === "APPEND") own.set(name, [...new Set([...elements, ...given])].join());
    else own.set(name, elements.filter((element) => !given.includes(element)).join());
  }
  return [...own].map(([name, value]) => ({ name, value }));
}

const key = (type: number, name: string): string => `${type} ${name}`;
