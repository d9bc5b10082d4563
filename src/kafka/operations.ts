/**
 * Which operations whoever asks may do (KIP-430): a bit for each `AclOperation`. There is no access
 * control, so it is all that there are for the kind of resource.
 */

/** `AclOperation`'s codes. */
const operations = {
  READ: 3,
  WRITE: 4,
  CREATE: 5,
  DELETE: 6,
  ALTER: 7,
  DESCRIBE: 8,
  CLUSTER_ACTION: 9,
  DESCRIBE_CONFIGS: 10,
  ALTER_CONFIGS: 11,
  IDEMPOTENT_WRITE: 12,
} as const;
type Operation = keyof typeof operations;

const bits = (...names: Operation[]): number =>
  names.reduce((set, name) => set | (1 << operations[name]), 0);

/** Kafka's `AclEntry.supportedOperations`. */
const supported = {
  topic: bits(
    "READ",
    "WRITE",
    "CREATE",
    "DELETE",
    "ALTER",
    "DESCRIBE",
    "DESCRIBE_CONFIGS",
    "ALTER_CONFIGS",
  ),
  group: bits("READ", "DELETE", "DESCRIBE", "DESCRIBE_CONFIGS", "ALTER_CONFIGS"),
  cluster: bits(
    "CREATE",
    "ALTER",
    "DESCRIBE",
    "CLUSTER_ACTION",
    "DESCRIBE_CONFIGS",
    "ALTER_CONFIGS",
    "IDEMPOTENT_WRITE",
  ),
} as const;

/** What stands for "nobody has asked". */
const notAsked = -0x8000_0000;

/** The bits for a resource of this kind. */
export const allowedOperations = (kind: keyof typeof supported, isAsked: boolean): number =>
  isAsked ? supported[kind] : notAsked;
