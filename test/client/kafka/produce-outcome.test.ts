import { expect, test } from "bun:test";
import { ClientError, type ClientErrorCode } from "../../../src/client/kafka/client-error.ts";
import {
  doubtsLeader,
  judge,
  mayBeStored,
  type ProduceVerdict,
} from "../../../src/client/kafka/produce-outcome.ts";

/** What each error means: the verdict, whether the batch may be stored, whether to look again. */
const table: readonly [ClientErrorCode, ProduceVerdict, stored: boolean, looks: boolean][] = [
  ["NETWORK", "again", true, true],
  ["TIMED_OUT", "again", true, true],
  ["OVERLOADED", "again", false, false],
  ["MALFORMED", "given up", true, false],
  ["CLOSED", "given up", true, false],
  ["UNSUPPORTED", "given up", false, false],
  ["INVALID", "given up", false, false],
  ["DUPLICATE_SEQUENCE_NUMBER", "stored", true, false],
  ["MESSAGE_TOO_LARGE", "too large", false, false],
  ["RECORD_LIST_TOO_LARGE", "too large", false, false],
  ["OUT_OF_ORDER_SEQUENCE_NUMBER", "gap", false, false],
  ["UNKNOWN_PRODUCER_ID", "gap", false, false],
  ["INVALID_PRODUCER_EPOCH", "gap", false, false],
  ["NOT_LEADER_OR_FOLLOWER", "again", true, true],
  ["UNKNOWN_TOPIC_OR_PARTITION", "again", true, true],
  ["UNKNOWN_TOPIC_ID", "again", false, true],
  ["KAFKA_STORAGE_ERROR", "again", true, true],
  ["REQUEST_TIMED_OUT", "again", true, false],
  ["NOT_ENOUGH_REPLICAS", "again", true, false],
  ["NOT_ENOUGH_REPLICAS_AFTER_APPEND", "again", true, false],
  ["THROTTLING_QUOTA_EXCEEDED", "again", false, false],
  ["CORRUPT_MESSAGE", "again", false, false],
  ["TOPIC_AUTHORIZATION_FAILED", "given up", false, false],
  ["INVALID_RECORD", "given up", false, false],
  ["UNKNOWN_SERVER_ERROR", "given up", true, false],
];

test("no error: it is stored", () => {
  expect(judge(null)).toBe("stored");
});

for (const [code, verdict, stored, looks] of table) {
  test(`${code}: ${verdict}`, () => {
    const error = new ClientError(code, "");
    expect(judge(error)).toBe(verdict);
    expect(mayBeStored(error)).toBe(stored);
    expect(doubtsLeader(error)).toBe(looks);
  });
}
