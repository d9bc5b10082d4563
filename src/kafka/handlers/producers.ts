/**
 * InitProducerId, DescribeProducers: who the idempotent producers are.
 *
 * InitProducerId
 * - Always a new id, with epoch 0: without a transactional id nothing tells who may go on as whom.
 * - A transactional id is refused: there are no transactions yet.
 * DescribeProducers
 * - No transaction is ever open.
 */
import { offset } from "../../base/brands.ts";
import { Refusal } from "../../base/refusal.ts";
import type { ResponseOf } from "../../wire/table.ts";
import { errors, type ErrorName, refusalErrors } from "../errors.ts";
import type { Handler, Handlers, RequestContext } from "../handler.ts";
import type * as tables from "../messages/producers.ts";

const initProducerId: Handler<"InitProducerId"> = async (request, { services }) => {
  const { transactionalId, producerId, producerEpoch } = request;
  if (transactionalId !== null) return noProducer("INVALID_REQUEST");
  const identity = await services.broker.initProducerId({ producerId, producerEpoch });
  if (identity instanceof Refusal) return noProducer(refusalErrors[identity.code]);
  return { throttleTimeMs: 0, errorCode: 0, ...identity };
};

const noProducer = (error: ErrorName): ResponseOf<typeof tables.InitProducerId> => {
  return { throttleTimeMs: 0, errorCode: errors[error].code, producerId: -1, producerEpoch: -1 };
};

type PartitionProducers = ResponseOf<
  typeof tables.DescribeProducers
>["topics"][number]["partitions"][number];

const describeProducers: Handler<"DescribeProducers"> = async (request, context) => {
  const seen = new Set<string>();
  const topics = request.topics.map(async ({ name, partitionIndexes }) => {
    // A partition of many producers, named often, would fill the memory.
    const indexes = partitionIndexes.filter((index) => {
      return seen.size < seen.add(`${index} ${name}`).size;
    });
    const described = indexes.map((index) => producersOf(name, index, context));
    return { name, partitions: await Promise.all(described) };
  });
  return { throttleTimeMs: 0, topics: await Promise.all(topics) };
};

async function producersOf(
  name: string,
  partitionIndex: number,
  { services }: RequestContext,
): Promise<PartitionProducers> {
  const partition = services.broker.topic(name)?.partitions[partitionIndex];
  const states =
    partition === undefined
      ? new Refusal("UNKNOWN_TOPIC_OR_PARTITION", errors.UNKNOWN_TOPIC_OR_PARTITION.message)
      : await partition.describeProducers();
  if (states instanceof Refusal) {
    const errorCode = errors[refusalErrors[states.code]].code;
    return { partitionIndex, errorCode, errorMessage: states.message, activeProducers: [] };
  }
  const activeProducers = states.map((state) => {
    return { ...state, coordinatorEpoch: -1, currentTxnStartOffset: offset(-1) };
  });
  return { partitionIndex, errorCode: 0, errorMessage: null, activeProducers };
}

export const handlers = {
  DescribeProducers: describeProducers,
  InitProducerId: initProducerId,
} satisfies Partial<Handlers>;
