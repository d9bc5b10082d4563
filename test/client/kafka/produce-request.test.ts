import { expect, test } from "bun:test";
import { offset } from "../../../src/base/brands.ts";
import {
  failedOutcome,
  produceOutcomes,
  produceRequest,
  type Parcel,
} from "../../../src/client/kafka/produce-request.ts";
import { ClientError } from "../../../src/client/kafka/client-error.ts";
import { apis } from "../../../src/kafka/apis.ts";
import { blank, noUuid } from "../../../src/wire/table.ts";
import { filled } from "../../support/kafka-world.ts";

const id = "01234567-89ab-cdef-0123-456789abcdef";
const bytes = Uint8Array.of(1);
const parcels: readonly Parcel[] = [
  { topic: "a", topicId: id, partition: 0, bytes },
  { topic: "b", topicId: noUuid, partition: 1, bytes },
  { topic: "a", topicId: id, partition: 2, bytes },
];

test("a request has each topic once", () => {
  expect(produceRequest(parcels, "all", 500)).toEqual({
    transactionalId: null,
    acks: -1,
    timeoutMs: 500,
    topicData: [
      {
        name: "a",
        topicId: id,
        partitionData: [
          { index: 0, records: bytes },
          { index: 2, records: bytes },
        ],
      },
      { name: "b", topicId: noUuid, partitionData: [{ index: 1, records: bytes }] },
    ],
  });
  expect(produceRequest(parcels, 0, 500).acks).toBe(0);
});

test("outcomes are found by name or id, whatever their order; one that is missing is an error", () => {
  const response = filled(apis.Produce.response.shape, {
    responses: [
      { name: "b", partitionResponses: [{ index: 1, baseOffset: offset(5) }] },
      {
        topicId: id,
        partitionResponses: [{ index: 2, errorCode: 6, errorMessage: "elsewhere" }],
      },
    ],
  });
  const outcomes = produceOutcomes(response, parcels);
  expect(outcomes.map(({ error, baseOffset }) => error?.code ?? baseOffset)).toEqual([
    "MALFORMED",
    5,
    "NOT_LEADER_OR_FOLLOWER",
  ]);
  expect(outcomes[2]?.error?.message).toContain("elsewhere");
});

test("a request that came to nothing has one error for all", () => {
  const error = new ClientError("NETWORK", "gone");
  expect(failedOutcome(error)).toMatchObject({ error, baseOffset: -1 });
  expect(produceOutcomes(blank(apis.Produce.response.shape), []).length).toBe(0);
});
