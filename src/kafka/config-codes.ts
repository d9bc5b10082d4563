/**
 * How configurations are numbered in messages. Sources: Apache Kafka, `ConfigResource`,
 * `DescribeConfigsResponse`, `AlterConfigOp`.
 */
import type { ConfigOperation } from "../broker/config-change.ts";
import type { ConfigSource } from "../broker/config-entries.ts";
import type { ConfigType } from "../broker/config-kinds.ts";

/** `ConfigResource.Type` */
export const resourceTypes = {
  topic: 2,
  broker: 4,
  brokerLogger: 8,
  clientMetrics: 16,
  group: 32,
} as const;

/** `DescribeConfigsResponse.ConfigSource` */
export const sourceCodes: Readonly<Record<ConfigSource, number>> = {
  DYNAMIC_TOPIC_CONFIG: 1,
  DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
  STATIC_BROKER_CONFIG: 4,
  DEFAULT_CONFIG: 5,
};

/** `DescribeConfigsResponse.ConfigType` */
export const typeCodes: Readonly<Record<ConfigType, number>> = {
  boolean: 1,
  string: 2,
  int: 3,
  long: 5,
  double: 6,
  list: 7,
};

/** `AlterConfigOp.OpType`, by its number. */
export const operationsByCode: readonly ConfigOperation[] = ["SET", "DELETE", "APPEND", "SUBTRACT"];
