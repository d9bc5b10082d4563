import { expect, test } from "bun:test";
import { topicSettings } from "../../src/broker/topic-config-table.ts";
import {
  operationsByCode,
  resourceTypes,
  sourceCodes,
  typeCodes,
} from "../../src/kafka/config-codes.ts";

test("configurations are numbered as Kafka numbers them", () => {
  // ConfigResource.Type, DescribeConfigsResponse.ConfigSource and ConfigType, AlterConfigOp.OpType.
  expect(Object.values(resourceTypes)).toEqual([2, 4, 8, 16, 32]);
  expect(sourceCodes).toEqual({
    DYNAMIC_TOPIC_CONFIG: 1,
    DYNAMIC_DEFAULT_BROKER_CONFIG: 3,
    STATIC_BROKER_CONFIG: 4,
    DEFAULT_CONFIG: 5,
  });
  expect(typeCodes).toEqual({ boolean: 1, string: 2, int: 3, long: 5, double: 6, list: 7 });
  expect(operationsByCode.indexOf("SUBTRACT")).toBe(3);
});

test("every topic configuration has a type that can be told", () => {
  const types = Object.values(topicSettings).map(({ kind }) => typeCodes[kind.type]);
  expect(types.every((code) => code > 0)).toBeTrue();
});
