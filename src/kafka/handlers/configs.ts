/**
 * DescribeConfigs, AlterConfigs, IncrementalAlterConfigs, ListConfigResources: what can be set, for
 * topics and for the broker.
 *
 * - All configurations are described, always: librdkafka's AlterConfigs sends back what it was
 *   shown, and resets the rest.
 * - The broker is named by its id, or by nothing: then only what was set for all brokers while they
 *   ran is described. There is one, so setting something for it or for all is the same.
 * - Loggers, client metrics and groups have no configuration here.
 * ListConfigResources
 * - Version 0 asks for client metrics, of which there are none.
 */
import { Refusal } from "../../base/refusal.ts";
import type { ConfigChange } from "../../broker/config-change.ts";
import type { ConfigEntry } from "../../broker/config-entries.ts";
import { paced } from "../../broker/paced.ts";
import { kafkaDescribedConfigsMax } from "../../limits.ts";
import type { RequestOf, ResponseOf } from "../../wire/table.ts";
import { operationsByCode, resourceTypes, sourceCodes, typeCodes } from "../config-codes.ts";
import { Fault, faultOf } from "../fault.ts";
import { type Handler, type Handlers, nodeId, type RequestContext } from "../handler.ts";
import type * as tables from "../messages/configs.ts";
import { unique } from "../unique.ts";

/** What is left out of an answer that would be too long. */
const tooMany = new Fault(
  "INVALID_REQUEST",
  `one answer has ${kafkaDescribedConfigsMax} configurations at most: ask for fewer at a time`,
);

/** What a configuration belongs to. */
interface Resource {
  readonly resourceType: number;
  readonly resourceName: string;
}

const resourceKey = ({ resourceType, resourceName }: Resource): string =>
  `${resourceType}/${resourceName}`;

const known = new Map<number, string>([
  [resourceTypes.brokerLogger, "loggers"],
  [resourceTypes.clientMetrics, "client metrics"],
  [resourceTypes.group, "groups"],
]);

function otherResource({ resourceType }: Resource): Fault {
  const what = known.get(resourceType) ?? `resources of type ${resourceType}`;
  return new Fault("INVALID_REQUEST", `${what} have no configuration here`);
}

const isThisBroker = (name: string): boolean => name === "" || name === String(nodeId);

const otherBroker = (name: string): Fault =>
  new Fault("INVALID_REQUEST", `there is no broker ${name}; this one is ${nodeId}`);

type DescribeResource = RequestOf<typeof tables.DescribeConfigs>["resources"][number];
type DescribedConfig = ResponseOf<
  typeof tables.DescribeConfigs
>["results"][number]["configs"][number];

const describeConfigs: Handler<"DescribeConfigs"> = async (request, context) => {
  const { includeSynonyms, includeDocumentation } = request;
  let left = kafkaDescribedConfigsMax;
  const wanted = unique(request.resources, resourceKey);
  const results = await paced(wanted, context.services, (resource) => {
    const { resourceType, resourceName } = resource;
    const entries = left > 0 ? entriesOf(resource, context) : tooMany;
    if (!(entries instanceof Fault)) left -= entries.length;
    else {
      const { code: errorCode, message: errorMessage } = entries;
      return { errorCode, errorMessage, resourceType, resourceName, configs: [] };
    }
    const configs = entries.map((entry) => row(entry, includeSynonyms, includeDocumentation));
    return { errorCode: 0, errorMessage: null, resourceType, resourceName, configs };
  });
  return { throttleTimeMs: 0, results };
};

function entriesOf(
  resource: DescribeResource,
  { services }: RequestContext,
): readonly ConfigEntry[] | Fault {
  const { resourceType, resourceName, configurationKeys } = resource;
  const { broker } = services;
  let entries: readonly ConfigEntry[];
  if (resourceType === resourceTypes.topic) {
    const found = broker.describeTopicConfig(resourceName);
    if (found instanceof Refusal) return faultOf(found);
    entries = found;
  } else if (resourceType === resourceTypes.broker) {
    if (!isThisBroker(resourceName)) return otherBroker(resourceName);
    entries = resourceName === "" ? broker.describeBrokerDefaults() : broker.describeBrokerConfig();
  } else {
    return otherResource(resource);
  }
  if (configurationKeys === null || configurationKeys.length === 0) return entries;
  const wanted = new Set(configurationKeys);
  return entries.filter(({ name }) => wanted.has(name));
}

const row = (entry: ConfigEntry, hasSynonyms: boolean, hasDocs: boolean): DescribedConfig => ({
  name: entry.name,
  value: entry.value,
  readOnly: entry.readOnly,
  configSource: sourceCodes[entry.configSource],
  isSensitive: false,
  synonyms: hasSynonyms
    ? entry.synonyms.map((one) => ({ ...one, source: sourceCodes[one.source] }))
    : [],
  configType: typeCodes[entry.configType],
  documentation: hasDocs ? entry.documentation : null,
});

const alterConfigs: Handler<"AlterConfigs"> = async (request, context) => {
  const changes = request.resources.map((resource) => {
    return { ...resource, change: { kind: "replace", configs: resource.configs } } as const;
  });
  return await alterAll(changes, request.validateOnly, context);
};

const incrementalAlterConfigs: Handler<"IncrementalAlterConfigs"> = async (request, context) => {
  const changes = request.resources.map((resource) => {
    return { ...resource, change: incremental(resource) };
  });
  return await alterAll(changes, request.validateOnly, context);
};

function incremental({
  configs,
}: RequestOf<typeof tables.IncrementalAlterConfigs>["resources"][number]): ConfigChange | Fault {
  const alterations = [];
  for (const { name, configOperation: code, value } of configs) {
    const configOperation = operationsByCode[code];
    if (configOperation === undefined) {
      return new Fault("INVALID_REQUEST", `there is no operation ${code} on a configuration`);
    }
    alterations.push({ name, configOperation, value });
  }
  return { kind: "incremental", configs: alterations };
}

const namedTwice = new Fault("INVALID_REQUEST", "it is named twice");

/** Both requests have one form of response. */
type AlteredConfigs = ResponseOf<typeof tables.AlterConfigs>;

async function alterAll(
  resources: readonly (Resource & { readonly change: ConfigChange | Fault })[],
  validateOnly: boolean,
  context: RequestContext,
): Promise<AlteredConfigs> {
  const seen = new Set<string>();
  const responses = await paced(
    resources,
    context.services,
    async ({ resourceType, resourceName, change }) => {
      const resource = { resourceType, resourceName };
      const isTwice = seen.size === seen.add(resourceKey(resource)).size;
      const fault = isTwice ? namedTwice : await altered(resource, change, validateOnly, context);
      const errorMessage = fault?.message ?? null;
      return { errorCode: fault?.code ?? 0, errorMessage, ...resource };
    },
  );
  return { throttleTimeMs: 0, responses };
}

async function altered(
  resource: Resource,
  change: ConfigChange | Fault,
  validateOnly: boolean,
  { services }: RequestContext,
): Promise<Fault | null> {
  if (change instanceof Fault) return change;
  const { resourceType, resourceName: name } = resource;
  const { broker } = services;
  let refusal: Refusal | null;
  if (resourceType === resourceTypes.topic) {
    refusal = await broker.alterTopicConfig(name, change, { validateOnly });
  } else if (resourceType === resourceTypes.broker) {
    if (!isThisBroker(name)) return otherBroker(name);
    refusal = await broker.alterBrokerConfig(change, { validateOnly });
  } else {
    return otherResource(resource);
  }
  return refusal === null ? null : faultOf(refusal);
}

const listConfigResources: Handler<"ListConfigResources"> = (request, context) => {
  const { services, apiVersion } = context;
  const wanted = new Set(apiVersion === 0 ? [resourceTypes.clientMetrics] : request.resourceTypes);
  const all: readonly number[] = Object.values(resourceTypes);
  if ([...wanted].some((type) => !all.includes(type))) {
    const { code: errorCode } = Fault.plain("UNSUPPORTED_VERSION");
    return { throttleTimeMs: 0, errorCode, configResources: [] };
  }
  const isWanted = (type: number): boolean => wanted.size === 0 || wanted.has(type);
  const { topic, broker } = resourceTypes;
  const topics = isWanted(topic) ? services.broker.topics() : [];
  const brokers = isWanted(broker) ? [{ name: String(nodeId) }] : [];
  const configResources = [
    ...topics.map(({ name }) => ({ resourceName: name, resourceType: topic })),
    ...brokers.map(({ name }) => ({ resourceName: name, resourceType: broker })),
  ];
  return { throttleTimeMs: 0, errorCode: 0, configResources };
};

export const handlers = {
  AlterConfigs: alterConfigs,
  DescribeConfigs: describeConfigs,
  IncrementalAlterConfigs: incrementalAlterConfigs,
  ListConfigResources: listConfigResources,
} satisfies Partial<Handlers>;
