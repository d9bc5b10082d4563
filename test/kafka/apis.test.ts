import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { versionsMarks, versionsPath, versionsTable } from "../../scripts/kafka-versions.ts";
import { type ApiName, advertised, apiOf, apis, isServed } from "../../src/kafka/apis.ts";

test("each API has the name under which it is listed, and a key of its own, in order", () => {
  const listed = Object.entries(apis);
  expect(listed.map(([, { name }]) => name)).toEqual(listed.map(([name]) => name));
  const keys = listed.map(([, { key }]) => key);
  expect(keys).toEqual([...new Set(keys)].sort((a, b) => a - b));
});

test("an API is found by its key, and a key that is not served by none", () => {
  expect(apiOf(3)).toBe(apis.Metadata);
  expect(apiOf(4)).toBeUndefined();
  expect(apiOf(-1)).toBeUndefined();
});

test("Produce 0 to 2 are advertised for librdkafka's sake and not served", () => {
  expect(advertised[0]).toEqual({ apiKey: 0, minVersion: 0, maxVersion: 13 });
  const served = [2, 3, 13, 14].map((version) => isServed(apis.Produce, version));
  expect(served).toEqual([false, true, true, false]);
});

test("what is advertised holds what is served, and differs for Produce alone", () => {
  const different = Object.values(apis).filter(({ versions, advertised: wider }) => {
    expect(wider[0]).toBeLessThanOrEqual(versions[0]);
    return wider[0] !== versions[0] || wider[1] !== versions[1];
  });
  expect(different.map(({ name }) => name)).toEqual(["Produce"]);
});

/** kafkajs 2.2 sends its newest version unless the broker's is older, whatever the oldest is. */
const newestOfKafkajs: Readonly<Partial<Record<ApiName, number>>> = {
  Produce: 7,
  Fetch: 11,
  ListOffsets: 3,
  Metadata: 6,
  OffsetCommit: 5,
  OffsetFetch: 4,
  FindCoordinator: 2,
  JoinGroup: 5,
  Heartbeat: 3,
  LeaveGroup: 3,
  SyncGroup: 3,
  DescribeGroups: 2,
  ListGroups: 2,
  ApiVersions: 2,
  CreateTopics: 3,
  DeleteTopics: 1,
  DeleteRecords: 1,
  InitProducerId: 1,
  DescribeConfigs: 2,
  AlterConfigs: 1,
  CreatePartitions: 1,
  DeleteGroups: 1,
  AlterPartitionReassignments: 0,
  ListPartitionReassignments: 0,
};

test("kafkajs, which looks at no oldest version, sends versions that are served", () => {
  const refused = Object.entries(newestOfKafkajs).filter(([name, newest]) => {
    const api = apis[name as ApiName];
    return !isServed(api, Math.min(newest, api.advertised[1]));
  });
  expect(refused).toEqual([]);
});

test("whoever knows topics by their ids can fetch and produce by them", () => {
  // With Metadata 10 a client may know nothing but ids, which Fetch has from 13 on.
  expect(isServed(apis.Metadata, 10)).toBe(isServed(apis.Fetch, 13));
});

test("the document shows the versions that are served", () => {
  const document = readFileSync(join(import.meta.dir, "..", "..", versionsPath), "utf8");
  const { begin, end } = versionsMarks;
  const shown = document.slice(document.indexOf(begin) + begin.length, document.indexOf(end));
  expect(shown.trim()).toBe(versionsTable());
});
