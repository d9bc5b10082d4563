/**
 * What programs hand to an admin, checked before anything is asked: that each thing is of its kind,
 * and fits its place in a request. Whether a broker takes it, the broker says.
 *
 * Each check throws a ClientError INVALID.
 */
import { isAbsentOr, isListOf, isRecord, isText } from "../given.ts";
import { ClientError } from "./client-error.ts";
import { configOperations, configResourceTypes } from "./admin-configs.ts";

type Fits = (given: unknown) => boolean;

const kind =
  (expected: string, fits: Fits) =>
  (given: unknown): void => {
    if (!fits(given)) throw new ClientError("INVALID", expected);
  };

const listOf =
  (fits: Fits): Fits =>
  (given) =>
    isListOf(given, (each): each is unknown => fits(each));

const orNull =
  (fits: Fits): Fits =>
  (given) =>
    given === null || fits(given);

/** An object that has these fields; others are nobody's. */
function having(fields: Readonly<Record<string, Fits>>): Fits {
  const entries = Object.entries(fields);
  return (given) => isRecord(given) && entries.every(([name, fits]) => fits(given[name]));
}

const optional =
  (fits: Fits): Fits =>
  (given) =>
    isAbsentOr(given, fits);

const isFlag: Fits = (given) => typeof given === "boolean";
const isTime: Fits = (given) => typeof given === "number" && given >= 0;
const isOffset: Fits = (given) => Number.isSafeInteger(given);
const oneOf =
  (choices: readonly unknown[]): Fits =>
  (given) =>
    choices.includes(given);

function isWhole(bits: 16 | 32): Fits {
  const bound = 2 ** (bits - 1);
  return (given) =>
    typeof given === "number" && Number.isInteger(given) && given >= -bound && given < bound;
}

const partition = { topic: isText, partition: isWhole(32) };
const isPlace: Fits = (given) =>
  oneOf(["earliest", "latest", "max-timestamp"])(given) || isOffset(given);
const isTexts: Fits = (given) => isRecord(given) && Object.values(given).every(isText);
const resource = { type: oneOf(configResourceTypes), name: isText };
const change = {
  name: isText,
  operation: oneOf(configOperations),
  value: optional(isText),
};

export const checkName = kind("a group is named by text", isText);
export const checkNames = kind("names are a list of texts", listOf(isText));
export const checkNamesOrAll = kind("names are a list of texts, or null", orNull(listOf(isText)));
export const checkPartitions = kind(
  "partitions are a list of { topic, partition }",
  listOf(having(partition)),
);
export const checkPartitionsOrAll = kind(
  "partitions are a list of { topic, partition }, or null",
  orNull(listOf(having(partition))),
);
export const checkNewTopics = kind(
  "topics are a list of { name, partitionCount, replicationFactor, configs }, the last three of " +
    "which may be left out; values of configs are texts",
  listOf(
    having({
      name: isText,
      partitionCount: optional(isWhole(32)),
      replicationFactor: optional(isWhole(16)),
      configs: optional(isTexts),
    }),
  ),
);
export const checkNewPartitions = kind(
  "topics are a list of { name, count }",
  listOf(having({ name: isText, count: isWhole(32) })),
);
export const checkRecordsBefore = kind(
  "records are a list of { topic, partition, beforeOffset }, the last of which may be null",
  listOf(having({ ...partition, beforeOffset: orNull(isOffset) })),
);
export const checkResources = kind(
  `resources are a list of { type, name }, a type one of ${configResourceTypes.join(", ")}`,
  listOf(having(resource)),
);
export const checkAlterations = kind(
  "alterations are a list of { type, name, changes }, and changes one of { name, operation, " +
    `value }, an operation one of ${configOperations.join(", ")}`,
  listOf(having({ ...resource, changes: listOf(having(change)) })),
);
export const checkQueries = kind(
  'queries are a list of { topic, partition, at }; `at` is "earliest", "latest", ' +
    '"max-timestamp", or a time',
  listOf(having({ ...partition, at: isPlace })),
);
export const checkCommitments = kind(
  "offsets are a list of { topic, partition, offset, metadata }, the last of which is text, and " +
    "may be left out",
  listOf(having({ ...partition, offset: isOffset, metadata: optional(isText) })),
);
export const checkTarget = kind(
  'a target is "earliest", "latest", "max-timestamp", a time, { offset } or { shiftBy }',
  (given) =>
    isPlace(given) || having({ offset: isOffset })(given) || having({ shiftBy: isOffset })(given),
);
export const checkValidate = kind(
  "validateOnly is true or false",
  having({ validateOnly: optional(isFlag) }),
);
export const checkReset = kind("dryRun is true or false", having({ dryRun: optional(isFlag) }));
export const checkListing = kind(
  "isolation is read_uncommitted or read_committed",
  having({ isolation: optional(oneOf(["read_uncommitted", "read_committed"])) }),
);
export const checkAdmin = kind(
  "an admin has brokers or a cluster; timeoutMs is a number",
  having({ cluster: optional(isRecord), timeoutMs: optional(isTime) }),
);
