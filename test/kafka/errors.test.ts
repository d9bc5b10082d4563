import { expect, test } from "bun:test";
import { errorName, errors, refusalErrors } from "../../src/kafka/errors.ts";
import { readGolden } from "../support/golden.ts";

test("codes, names and what may be tried again are Kafka's", () => {
  const kafka = readGolden("wire/errors.txt")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  const ours = Object.entries(errors).map(([name, { code, retriable }]) => {
    return `${code} ${name} ${retriable}`;
  });
  expect(ours).toEqual(kafka);
});

test("every error but none says what it means", () => {
  const silent = Object.entries(errors).filter(([, { message }]) => message === "");
  expect(silent.map(([name]) => name)).toEqual(["NONE"]);
});

test("an error is found by its code, and a code of the future is not", () => {
  expect(errorName(0)).toBe("NONE");
  expect(errorName(-1)).toBe("UNKNOWN_SERVER_ERROR");
  expect(errorName(100)).toBe("UNKNOWN_TOPIC_ID");
  expect(errorName(999)).toBeUndefined();
});

test("a refusal has Kafka's name for it, and those of ours that Kafka does not have pass again", () => {
  const renamed = Object.entries(refusalErrors).filter(([code, name]) => code !== name);
  expect(renamed).toEqual([
    ["DISK_FULL", "KAFKA_STORAGE_ERROR"],
    ["SHUTTING_DOWN", "NOT_LEADER_OR_FOLLOWER"],
  ]);
  expect(renamed.map(([, name]) => errors[name].retriable)).toEqual([true, true]);
});
