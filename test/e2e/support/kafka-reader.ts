/** Reads everything that a broker has, as Kafka's consumers do, and hands it to a checker. */
import type { Checker, Partition } from "./checker.ts";
import { takeBatches } from "./directory-reader.ts";
import { KafkaClient } from "./kafka-client.ts";

/** Two batches of the largest size: one response seldom holds a whole topic. */
const responseBytesMax = 2 * 1024 * 1024;
const version = 12;

/** All records of all topics, beyond what the checker has taken. */
export async function fetchEverything(kafkaPort: number, checker: Checker): Promise<void> {
  using client = await KafkaClient.connect(kafkaPort);
  const found = await client.ask("Metadata", 9, { topics: null });
  for (const { name, partitions } of found?.topics ?? []) {
    const topic = name ?? "";
    const count = partitions.length;
    await fetchTopic(
      client,
      checker,
      partitions.map(({ partitionIndex }) => ({ topic, index: partitionIndex, count })),
    );
  }
  for (const violation of client.violations) checker.note("damaged", violation);
}

async function fetchTopic(
  client: KafkaClient,
  checker: Checker,
  partitions: readonly Partition[],
): Promise<void> {
  for (let left = partitions; left.length > 0;) {
    const topic = left[0]?.topic ?? "";
    const asked = left.map((partition) => ({
      partition: partition.index,
      fetchOffset: checker.nextOffset(partition),
      partitionMaxBytes: responseBytesMax,
    }));
    const fetched = await client.ask("Fetch", version, {
      maxWaitMs: 0,
      minBytes: 0,
      maxBytes: responseBytesMax,
      topics: [{ topic, partitions: asked }],
    });
    if (fetched === null) return checker.note("lost", `${topic}: the connection is gone`);
    const answers = fetched.responses.flatMap((each) => each.partitions);
    const isOpen = left.map((partition, at) => {
      const answer = answers[at];
      const place = `${topic}/${partition.index}`;
      if (answer?.partitionIndex !== partition.index || answer.errorCode !== 0) {
        checker.note("lost", `${place}: error ${answer?.errorCode} instead of records`);
        return false;
      }
      for (const chunk of wholeBatches(answer.records)) takeBatches(chunk, checker, partition);
      return checker.nextOffset(partition) < Number(answer.highWatermark);
    });
    const took = left.some((partition, at) => {
      return checker.nextOffset(partition) > (asked[at]?.fetchOffset ?? 0);
    });
    left = left.filter((_, at) => isOpen[at]);
    if (!took && left.length > 0) return checker.note("lost", `${topic}: nothing more comes`);
  }
}

/** The batches in one piece of memory: a response may cut them anywhere. */
const wholeBatches = (pieces: readonly Uint8Array[] | null): Uint8Array[] =>
  pieces === null || pieces.length === 0 ? [] : [new Uint8Array(Buffer.concat([...pieces]))];
