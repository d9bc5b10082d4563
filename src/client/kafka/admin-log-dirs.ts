/** Where brokers keep their logs, and how large those are (KIP-113, KIP-827). */
import { apis } from "../../kafka/apis.ts";
import { clientItemsAskedMax } from "../../limits.ts";
import type { AdminCalls, Outcome } from "./admin-calls.ts";
import { kafkaError } from "./client-error.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** A log in a directory. */
export interface LogDirectoryPartition extends TopicPartition {
  readonly bytes: number;
  /** Offsets that this replica is behind. */
  readonly offsetLag: number;
  /** Being moved here from another directory. */
  readonly isFuture: boolean;
}

/** One directory of one broker. */
export interface LogDirectory extends Outcome {
  readonly nodeId: number;
  readonly directory: string;
  /** Of the volume; `null`: the broker is too old to tell. */
  readonly totalBytes: number | null;
  readonly usableBytes: number | null;
  readonly partitions: readonly LogDirectoryPartition[];
}

/** @param topics `null`: all */
export function describeLogDirectories(
  calls: AdminCalls,
  topics: readonly string[] | null,
): Promise<LogDirectory[]> {
  const { cluster } = calls;
  return calls.once(async () => {
    const { nodes } = await cluster.describe();
    const asked = topics && (await cluster.topics(topics));
    const missing = asked?.find(({ error }) => error !== null);
    if (missing?.error) throw missing.error;
    const count = asked?.reduce((sum, { partitions }) => sum + 1 + partitions.length, 0) ?? 0;
    // All of them take no list, and are one answer of each broker.
    const isLong = count > clientItemsAskedMax;
    const wanted = new Set(asked?.map(({ name }) => name));
    const isWanted = ({ name }: { readonly name: string }): boolean => !isLong || wanted.has(name);
    const named = isLong ? null : asked;
    const request = {
      topics:
        named?.map(({ name, partitions }) => ({
          topic: name,
          partitions: partitions.map(({ partition }) => partition),
        })) ?? null,
    };
    const described = nodes.map(async ({ nodeId }) => {
      const { errorCode, results } = await cluster.send(nodeId, apis.DescribeLogDirs, request);
      const doing = `describing the log directories of broker ${nodeId}`;
      const refused = kafkaError(errorCode, doing);
      if (refused !== null) throw refused;
      return results.map((row) => ({
        nodeId,
        directory: row.logDir,
        totalBytes: row.totalBytes < 0 ? null : row.totalBytes,
        usableBytes: row.usableBytes < 0 ? null : row.usableBytes,
        partitions: row.topics.filter(isWanted).flatMap(({ name, partitions }) =>
          partitions.map(({ partitionIndex, partitionSize, offsetLag, isFutureKey }) => ({
            topic: name,
            partition: partitionIndex,
            bytes: partitionSize,
            offsetLag,
            isFuture: isFutureKey,
          })),
        ),
        error: kafkaError(row.errorCode, `${doing}, ${row.logDir}`),
      }));
    });
    return (await Promise.all(described)).flat();
  });
}
