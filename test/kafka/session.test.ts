import { handOver } from "../support/memory.ts";
import { describe, expect, test } from "bun:test";
import {
  kafkaElementBytes,
  kafkaRequestElementsMax,
  kafkaRequestsInFlightMax,
  kafkaRequestsPerTurnMax,
  replyPauseBytes,
} from "../../src/limits.ts";
import { batchOf } from "../support/batches.ts";
import { bytesOf } from "../support/hex.ts";
import { type KafkaPeer, KafkaWorld } from "../support/kafka-world.ts";
import { turns } from "../support/until.ts";

const produce = (peer: KafkaPeer, first: number, topic = "t", acks = -1): Uint8Array =>
  peer.frame("Produce", 9, {
    acks,
    topicData: [{ name: topic, partitionData: [{ index: 0, records: batchOf({ first }) }] }],
  });

const longPoll = (peer: KafkaPeer, maxWaitMs = 1_000): Uint8Array =>
  peer.frame("Fetch", 11, {
    maxWaitMs,
    minBytes: 1,
    topics: [
      {
        topic: "t",
        partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1e6 }],
      },
    ],
  });

describe("responses come in the order of the requests", () => {
  test("when the later ones are known earlier", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    // The topic has to be made first; the others need nothing.
    peer.receive(
      peer.frame("Metadata", 4, { topics: [{ name: "new" }] }),
      peer.frame("ApiVersions", 3, { clientSoftwareName: "a", clientSoftwareVersion: "1" }),
      produce(peer, 1),
      peer.frame("ListGroups", 3, {}),
    );
    expect(peer.order).toEqual([]);
    await peer.response(4);
    expect(peer.order).toEqual([1, 2, 3, 4]);
    await world.close();
  });

  test("with many batches under way", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    peer.receive(...Array.from({ length: 50 }, (_, first) => produce(peer, first)));
    await peer.response(50);
    expect(peer.order).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    const offsets = peer.order.map((id) => {
      return peer.answerTo<"Produce">(id)?.responses[0]?.partitionResponses[0]?.baseOffset;
    });
    expect(offsets).toEqual(Array.from({ length: 50 }, (_, index) => index as never));
    await world.close();
  });
});

describe("a request starts when those before it are answered", () => {
  test("so a client may count on what they have done", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const name = "new";
    peer.receive(
      peer.frame("CreateTopics", 4, { topics: [{ name, numPartitions: 1, replicationFactor: 1 }] }),
      produce(peer, 1, name),
      peer.frame("ListOffsets", 1, {
        topics: [{ name, partitions: [{ partitionIndex: 0, timestamp: -1 }] }],
      }),
    );
    const listed = await peer.response<"ListOffsets">(3);
    expect(listed.topics[0]?.partitions[0]?.offset).toBe(1 as never);
    await world.close();
  });

  test("but batches pass a fetch that waits, which they wake", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    peer.receive(longPoll(peer));
    await turns(5);
    expect(peer.order).toEqual([]);
    peer.receive(produce(peer, 1));
    await turns(20);
    expect(peer.order).toEqual([1, 2]);
    expect(world.base.clock.monotonic()).toBe(0);
    await world.close();
  });

  test("and batches pass a member that waits for its group", async () => {
    const world = await KafkaWorld.open({}, { initialRebalanceDelayMs: 3_000 });
    await world.topic("t");
    const peer = world.connect();
    const join = { groupId: "g", sessionTimeoutMs: 10_000, protocolType: "consumer" };
    peer.receive(
      peer.frame("JoinGroup", 2, { ...join, protocols: [{ name: "range" }] }),
      produce(peer, 1),
      peer.frame("Heartbeat", 0, { groupId: "g" }),
      produce(peer, 2),
    );
    await turns(20);
    // What is behind the heartbeat waits with it.
    expect(world.broker.topic("t")?.partitions[0]?.highWatermark).toBe(1 as never);
    expect(peer.order).toEqual([]);
    world.base.clock.advance(3_000);
    await peer.response(4);
    expect(peer.order).toEqual([1, 2, 3, 4]);
    await world.close();
  });
});

describe("a batch without acknowledgement", () => {
  test("has no response", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    peer.receive(produce(peer, 1, "t", 0), produce(peer, 2, "t", 1), produce(peer, 3, "t", 0));
    await peer.response(2);
    await turns(20);
    expect(peer.order).toEqual([2]);
    expect(world.broker.topic("t")?.partitions[0]?.highWatermark).toBe(3 as never);
    expect(peer.reservedBytes).toBe(0);
    await world.close();
  });

  test("that is refused ends the connection, after the answers to what was before", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    peer.receive(produce(peer, 1), produce(peer, 2, "missing", 0), produce(peer, 3));
    await turns(20);
    expect(peer.order[0]).toBe(1);
    expect(peer.closedFor).toContain("without acknowledgement is refused");
    await world.close();
  });
});

describe("what can't be answered ends the connection, and the log says why", () => {
  test.each([
    ["an API that nobody has", "03e7 0000 00000001 ffff", "API 999 is not served"],
    ["an API that is not served", "0018 0000 00000001 ffff", "API 24 is not served"],
    ["a version that is too new", "0001 0012 00000001 ffff 00", "version 18 of Fetch"],
    ["a version that is only advertised", "0000 0002 00000001 ffff", "version 2 of Produce"],
    ["a header that is cut off", "0003 0000 00", "Metadata 0 can't be read"],
    ["hardly anything", "0003", "ends within its header"],
    ["a body that is cut off", "0003 0001 00000001 ffff 00000005", "Metadata 1 can't be read"],
  ])("%s", async (_name, hex, reason) => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const before = peer.frame("ListGroups", 0, {});
    const after = peer.frame("ListGroups", 0, {});
    peer.receive(before, bytesOf(hex), after);
    await turns(20);
    expect(peer.order).toEqual([1]);
    expect(peer.closedFor).toContain(reason);
    expect(world.base.logger.events.filter(({ level }) => level === "warn")).toHaveLength(1);
    expect(peer.reservedBytes).toBe(0);
    await world.close();
  });

  test("no bytes, too many of them, and a TLS handshake", async () => {
    const world = await KafkaWorld.open();
    const [empty, large, tls] = [world.connect(), world.connect(), world.connect()];
    empty.receive(new Uint8Array(0));
    large.session.oversizedFrame(0xffff_ffff);
    large.session.received();
    tls.session.oversizedFrame(0x1603_0100);
    tls.session.received();
    expect(empty.closedFor).toBe("a request of no bytes");
    expect(large.closedFor).toContain("4294967295 bytes");
    expect(tls.closedFor).toContain("TLS");
    await world.close();
  });
});

describe("a connection that ends", () => {
  test("has what was taken answered; a fetch does not wait any more", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const { pending } = world.base.clock;
    const polls = [longPoll(peer, 600_000), longPoll(peer, 600_000)];
    peer.receive(...polls, peer.frame("ListGroups", 0, {}));
    await turns(5);
    expect(world.base.clock.pending).toBe(pending + 1);
    expect(peer.order).toEqual([]);
    peer.session.finish();
    await turns(20);
    expect(peer.order).toEqual([1, 2, 3]);
    expect(peer.closedFor).toBe("no more requests");
    expect(world.base.clock.pending).toBe(pending);
    await world.close();
  });

  test("does not wait for a group", async () => {
    const world = await KafkaWorld.open({}, { initialRebalanceDelayMs: 3_000 });
    await world.topic("t");
    const peer = world.connect();
    const join = { groupId: "g", sessionTimeoutMs: 10_000, protocolType: "consumer" };
    const member = (): Uint8Array =>
      peer.frame("JoinGroup", 2, { ...join, protocols: [{ name: "range" }] });
    peer.receive(longPoll(peer), member());
    peer.session.finish();
    await turns(5);
    expect(peer.order).toEqual([1]);
    expect(peer.closedFor).toBe("no more requests");
    await world.close();
  });

  test("leaves nothing behind when it is gone", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const { pending } = world.base.clock;
    peer.receive(longPoll(peer, 600_000), peer.frame("ListGroups", 0, {}), produce(peer, 1));
    await turns(5);
    peer.leave();
    await turns(20);
    expect(peer.answered).toEqual([]);
    expect(world.protocol.services.fetchBudget.used).toBe(0);
    expect(world.base.clock.pending).toBe(pending);
    await world.close();
  });
});

describe("a client that asks for more than it takes", () => {
  test("is not read while a hundred of its requests wait", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const peer = world.connect();
    const waiting = Array.from({ length: kafkaRequestsInFlightMax }, () =>
      peer.frame("ListGroups", 0, {}),
    );
    peer.receive(longPoll(peer), ...waiting);
    expect(peer.isHeld).toBeTrue();
    expect(peer.reservedBytes).toBeGreaterThan(0);
    peer.receive(produce(peer, 1));
    world.base.clock.advance(1_000);
    await peer.response(kafkaRequestsInFlightMax + 2);
    expect(peer.isHeld).toBeFalse();
    expect(peer.reservedBytes).toBe(0);
    await world.close();
  });

  test("has its small requests answered in several turns", async () => {
    const world = await KafkaWorld.open();
    const peer = world.connect();
    const count = 2 * kafkaRequestsPerTurnMax + 10;
    const who = { key: "g" };
    peer.receive(...Array.from({ length: count }, () => peer.frame("FindCoordinator", 0, who)));
    await turns(5);
    expect(peer.order).toHaveLength(kafkaRequestsPerTurnMax);
    expect(peer.isHeld).toBeTrue();
    world.base.clock.advance(0);
    expect(peer.order).toEqual(Array.from({ length: count }, (_, index) => index + 1));
    expect([peer.isHeld, peer.reservedBytes]).toEqual([false, 0]);
    await world.close();
  });

  test("has them answered in several turns, with all others, when they take long", async () => {
    const world = await KafkaWorld.open();
    const { clock } = world.base;
    let workedMs = 0;
    const standing = clock.monotonic.bind(clock);
    clock.monotonic = () => standing() + (workedMs += 0.05);
    const peers = [world.connect(), world.connect()];
    for (const peer of peers) {
      peer.receive(...Array.from({ length: 50 }, () => peer.frame("ListGroups", 0, {})));
      await turns(1);
    }
    const counts = peers.map(({ order }) => order.length);
    expect(counts[0]).toBeGreaterThan(0);
    expect(counts[0]).toBeLessThan(50);
    // The first one has spent what there is for both.
    expect(counts[1]).toBe(0);
    for (const peer of peers) {
      await peer.response(50);
      expect(peer.order).toEqual(Array.from({ length: 50 }, (_, index) => index + 1));
    }
    await world.close();
  });

  test("may name so many things in one of them", async () => {
    const world = await KafkaWorld.open();
    const [taken, refused] = [world.connect(), world.connect()];
    const keys = (count: number): string[] => Array.from({ length: count }, () => "g");
    taken.ask("FindCoordinator", 4, { coordinatorKeys: keys(kafkaRequestElementsMax) });
    await taken.response(1);
    refused.ask("FindCoordinator", 4, { coordinatorKeys: keys(kafkaRequestElementsMax + 1) });
    expect(refused.closedFor).toContain(`more than ${kafkaRequestElementsMax} elements`);
    await world.close();
  });

  test("is charged for the elements of its requests while they are answered", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t", 100);
    const peer = world.connect();
    const partitions = Array.from({ length: 100 }, (_, partition) => {
      return { partition, partitionMaxBytes: 1 };
    });
    const topics = [{ topic: "t", partitions }];
    const frame = peer.frame("Fetch", 11, { maxWaitMs: 1_000, minBytes: 1, topics });
    peer.receive(frame);
    expect(peer.reservedBytes).toBeGreaterThan(frame.length + 100 * kafkaElementBytes);
    world.base.clock.advance(1_000);
    await peer.response(1);
    expect(peer.reservedBytes).toBe(0);
    await world.close();
  });

  test("gets one large response at a time, in parts as it reads", async () => {
    const world = await KafkaWorld.open();
    await world.topic("t");
    const partition = world.broker.topic("t")?.partitions[0];
    for (let first = 0; first < 3; first++) {
      const appended = partition?.append(batchOf({ first, valueBytes: replyPauseBytes }));
      if (appended !== undefined && "committed" in appended) await appended.committed;
    }
    const peer = world.connect();
    peer.isReading = false;
    const all = (): Uint8Array =>
      peer.frame("Fetch", 11, {
        maxBytes: 100e6,
        topics: [
          {
            topic: "t",
            partitions: [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 100e6 }],
          },
        ],
      });
    peer.receive(all(), all());
    await turns(20);
    const { unsentBytes } = peer;
    expect(unsentBytes).toBeGreaterThan(replyPauseBytes);
    expect(unsentBytes).toBeLessThan(3 * replyPauseBytes);
    expect(world.protocol.services.fetchBudget.used).toBeGreaterThan(0);
    expect(peer.order).toEqual([]);
    for (let left = 20; left > 0 && peer.order.length < 2; left--) {
      peer.readOn();
      peer.isReading = false;
      await turns(5);
    }
    expect(peer.order).toEqual([1, 2]);
    expect(world.protocol.services.fetchBudget.used).toBe(0);
    await world.close();
  });
});

test("a request that waits does not keep the chunk in which it came", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  const chunk = new Uint8Array(512 * 1024);
  const poll = longPoll(peer);
  const groups = peer.frame("ListGroups", 0, {});
  chunk.set(poll);
  chunk.set(groups, poll.length);
  const memory = handOver(chunk, (came) => {
    peer.session.frame(came, 0, poll.length);
    peer.session.frame(came, poll.length, poll.length + groups.length);
    peer.session.received();
  });
  memory.bytes.fill(0xff);
  world.base.clock.advance(1_000);
  await peer.response(2);
  expect(peer.order).toEqual([1, 2]);
  await world.close();
});

test("a producer that reads no answers does not keep what it has sent in memory", async () => {
  const world = await KafkaWorld.open();
  await world.topic("t");
  const peer = world.connect();
  peer.isReading = false;
  const memory = handOver(produce(peer, 0), (came) => {
    peer.session.frame(came, 0, came.bytes.length);
    peer.session.received();
  });
  expect(memory.isFreed).toBeFalse();
  await peer.response(1);
  expect(peer.unsentBytes).toBeGreaterThan(0);
  expect(memory.isFreed).toBeTrue();
  await world.close();
});
