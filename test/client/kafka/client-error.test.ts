import { describe, expect, test } from "bun:test";
import { ClientError, kafkaError } from "../../../src/client/kafka/client-error.ts";
import { errors } from "../../../src/kafka/errors.ts";

describe("a client's error", () => {
  test("is retriable where its code is, unless it says else", () => {
    expect(new ClientError("NETWORK", "gone").retriable).toBe(true);
    expect(new ClientError("UNSUPPORTED", "too old").retriable).toBe(false);
    expect(new ClientError("NOT_LEADER_OR_FOLLOWER", "moved").retriable).toBe(true);
    expect(new ClientError("TOPIC_ALREADY_EXISTS", "there").retriable).toBe(false);
    expect(new ClientError("BROKER_NOT_AVAILABLE", "away", true).retriable).toBe(true);
  });

  test("says what the broker said, or what its code means", () => {
    const code = errors.INVALID_PARTITIONS.code;
    expect(kafkaError(code, "creating topic a", "at most 3")).toMatchObject({
      code: "INVALID_PARTITIONS",
      message: "creating topic a: at most 3 (INVALID_PARTITIONS)",
    });
    expect(kafkaError(code, "creating topic a", null)?.message).toBe(
      `creating topic a: ${errors.INVALID_PARTITIONS.message} (INVALID_PARTITIONS)`,
    );
  });

  test("has a number where Kafka has given away a code since", () => {
    expect(kafkaError(9_999, "asking", "hm")).toMatchObject({
      code: "UNKNOWN_SERVER_ERROR",
      message: "asking: the broker's error 9999: hm",
    });
    expect(kafkaError(9_999, "asking")?.message).toBe("asking: the broker's error 9999");
  });

  test("is none for the code of none", () => {
    expect(kafkaError(0, "asking", "all is well")).toBeNull();
  });
});
