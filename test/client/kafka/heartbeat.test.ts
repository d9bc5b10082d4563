import { expect, test } from "bun:test";
import { Heartbeat } from "../../../src/client/kafka/heartbeat.ts";
import { pass, ScriptedCluster, settled } from "./scripted-cluster.ts";

function start(): {
  cluster: ScriptedCluster;
  heartbeat: Heartbeat;
  seen: { beats: number; abandoned: number; isThrough: boolean };
} {
  const cluster = new ScriptedCluster();
  const seen = { beats: 0, abandoned: 0, isThrough: true };
  const heartbeat = new Heartbeat({
    world: cluster.world,
    heartbeatIntervalMs: 3_000,
    maxPollIntervalMs: 10_000,
    beat: async () => {
      seen.beats += 1;
      return seen.isThrough;
    },
    abandoned: () => {
      seen.abandoned += 1;
    },
  });
  return { cluster, heartbeat, seen };
}

test("heartbeats go on while the program works, one each interval, until they are stopped", async () => {
  const { cluster, heartbeat, seen } = start();
  heartbeat.start();
  await pass(cluster, 9_500, 500);
  expect(seen.beats).toBe(3);
  heartbeat.stop();
  await pass(cluster, 20_000, 1_000);
  expect(seen).toMatchObject({ beats: 3, abandoned: 0 });
  expect(cluster.clock.pending).toBe(0);
});

test("one that did not get through is tried again soon", async () => {
  const { cluster, heartbeat, seen } = start();
  heartbeat.start();
  seen.isThrough = false;
  await pass(cluster, 3_000);
  expect(seen.beats).toBe(1);
  await pass(cluster, 130, 10);
  expect(seen.beats).toBe(2);
  seen.isThrough = true;
  await pass(cluster, 300, 10);
  expect(seen.beats).toBe(3);
  await pass(cluster, 2_700);
  expect(seen.beats).toBe(3);
});

test("a program that does not come back is noticed; one that is in a poll is not", async () => {
  const { cluster, heartbeat, seen } = start();
  heartbeat.start();
  heartbeat.pollBegins();
  await pass(cluster, 30_000, 1_000);
  expect(seen.abandoned).toBe(0);
  heartbeat.pollEnds();
  await pass(cluster, 9_900, 900);
  expect(seen.abandoned).toBe(0);
  heartbeat.pollBegins();
  heartbeat.pollEnds();
  await pass(cluster, 10_000, 1_000);
  expect(seen.abandoned).toBe(1);
});

test("a heartbeat that takes long is the only one under way", async () => {
  const cluster = new ScriptedCluster();
  const answers: (() => void)[] = [];
  const heartbeat = new Heartbeat({
    world: cluster.world,
    heartbeatIntervalMs: 1_000,
    maxPollIntervalMs: 100_000,
    beat: () => new Promise((resolve) => answers.push(() => resolve(true))),
    abandoned: () => {},
  });
  heartbeat.start();
  await pass(cluster, 1_000);
  heartbeat.stop();
  heartbeat.start();
  await pass(cluster, 3_000);
  expect(answers).toHaveLength(1);
  answers[0]?.();
  await settled();
  await pass(cluster, 1_000);
  expect(answers).toHaveLength(2);
});
