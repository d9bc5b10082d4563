/** The tables of configurations: of topics, of brokers, and what there is to configure. */
import { api, bool, int16, int32, int8, list, string } from "../../wire/table.ts";

/**
 * The whole configuration of resources, with where each value comes from.
 *
 * 1: `configSource`, `synonyms` (KIP-226). 3: `configType`, `documentation` (KIP-569).
 */
export const DescribeConfigs = api(
  { name: "DescribeConfigs", key: 32, versions: [1, 4], flexible: 4 },
  {
    resources: list({
      resourceType: int8,
      resourceName: string,
      // Null: all.
      configurationKeys: list(string).nullable(),
    }),
    includeSynonyms: bool,
    includeDocumentation: bool.since(3),
  },
  {
    throttleTimeMs: int32,
    results: list({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
      configs: list({
        name: string,
        value: string.nullable(),
        readOnly: bool,
        // 1: topic, 2: broker, 4: static, 5: default … (`ConfigEntry.ConfigSource`).
        configSource: int8.default(-1),
        isSensitive: bool,
        synonyms: list({
          name: string,
          value: string.nullable(),
          source: int8,
        }),
        configType: int8.since(3),
        documentation: string.since(3).nullable(),
      }),
    }),
  },
);

/** Replaces whole configurations: what is not named goes back to its default. See KIP-339. */
export const AlterConfigs = api(
  { name: "AlterConfigs", key: 33, versions: [0, 2], flexible: 2 },
  {
    resources: list({
      resourceType: int8,
      resourceName: string,
      configs: list({
        name: string,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
  {
    throttleTimeMs: int32,
    responses: list({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
);

/** Changes single values (KIP-339). */
export const IncrementalAlterConfigs = api(
  { name: "IncrementalAlterConfigs", key: 44, versions: [0, 1], flexible: 1 },
  {
    resources: list({
      resourceType: int8,
      resourceName: string,
      configs: list({
        name: string,
        // 0: set, 1: delete, 2: append, 3: subtract.
        configOperation: int8,
        value: string.nullable(),
      }),
    }),
    validateOnly: bool,
  },
  {
    throttleTimeMs: int32,
    responses: list({
      errorCode: int16,
      errorMessage: string.nullable(),
      resourceType: int8,
      resourceName: string,
    }),
  },
);

/** The resources of some types. Version 0 knows client metrics alone (KIP-1142). */
export const ListConfigResources = api(
  { name: "ListConfigResources", key: 74, versions: [0, 1], flexible: 0 },
  {
    // Empty: all.
    resourceTypes: list(int8).since(1),
  },
  {
    throttleTimeMs: int32,
    errorCode: int16,
    configResources: list({
      resourceName: string,
      // 16: client metrics, which is all that version 0 asks for.
      resourceType: int8.since(1).default(16),
    }),
  },
);
