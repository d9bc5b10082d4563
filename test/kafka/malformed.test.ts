import { expect, test } from "bun:test";
import type { Random } from "../../src/base/random.ts";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import type { Api } from "../../src/wire/table.ts";
import { batchOf } from "../support/batches.ts";
import { filledRow } from "../support/fill.ts";
import { type KafkaPeer, KafkaWorld, named } from "../support/kafka-world.ts";
import { rounds } from "../support/rounds.ts";
import { randomBytes, randomForTest } from "../support/seed.ts";
import { turns } from "../support/until.ts";

const names = Object.keys(apis) as ApiName[];

/** A request of any API and version, in good order but for what it asks. */
function anyFrame(peer: KafkaPeer, random: Random): Uint8Array {
  const name = names[random.below(names.length)]!;
  const { versions, request }: Api = apis[name];
  const [oldest, newest] = versions;
  const version = oldest + random.below(newest - oldest + 1);
  const variant = random.next() < 0.5 ? "full" : "bare";
  const row = random.next() < 0.2 ? {} : filledRow(request, version, variant);
  return peer.frame(name, version, row);
}

/** The frame with something wrong in it, or as it is. */
function damaged(frame: Uint8Array, random: Random): Uint8Array {
  const bytes = frame.slice();
  switch (random.below(6)) {
    case 0:
      return bytes.subarray(0, random.below(bytes.length));
    case 1:
      bytes[random.below(bytes.length)] = random.below(256);
      return bytes;
    case 2:
      // Lengths and counts that promise much.
      bytes.fill(random.next() < 0.5 ? 0x7f : 0xff, 8 + random.below(bytes.length - 8));
      return bytes;
    case 3:
      return new Uint8Array(Buffer.concat([bytes, randomBytes(random, 1 + random.below(20))]));
    case 4:
      bytes.set(randomBytes(random, Math.min(4, bytes.length - 8)), 8);
      return bytes;
    default:
      return bytes;
  }
}

const anything = (random: Random): Uint8Array => {
  const bytes = randomBytes(random, 1 + random.below(60));
  // Nearly all random keys are unknown: most of these get further than that.
  if (bytes.length > 4 && random.next() < 0.9) {
    const { key, versions }: Api = apis[names[random.below(names.length)]!];
    bytes.set([0, key, 0, versions[0] + random.below(versions[1] - versions[0] + 1)]);
  }
  return bytes;
};

async function world(): Promise<KafkaWorld> {
  const rules = { groupsMax: 20, membersMax: 5, groupsBytesMax: 1_000_000 };
  return await KafkaWorld.open({ partitionsMax: 30 }, rules);
}

test("malformed requests by the hundred thousand cost their connection at most", async () => {
  const random = randomForTest();
  const attacked = await world();
  await attacked.topic("t");
  const { protocol, base } = attacked;
  const total = rounds(30_000, 500_000);
  let closed = 0;
  for (let sent = 0; sent < total;) {
    const peer = attacked.connect();
    const count = 1 + random.below(8);
    const frames = Array.from({ length: count }, () =>
      random.next() < 0.15 ? anything(random) : damaged(anyFrame(peer, random), random),
    );
    peer.receive(...frames);
    sent += count;
    if (random.next() < 0.2) await turns(1);
    if (random.next() < 0.1) base.clock.advance(random.below(2_000));
    if (random.next() < 0.3) peer.session.finish();
    if (peer.closedFor !== null) closed += 1;
    peer.leave();
  }
  await attacked.settle(50);
  expect(closed).toBeGreaterThan(total / 50);
  expect(protocol.services.fetchBudget.used).toBe(0);
  expect(protocol.services.fetchSessions.partitions).toBe(0);
  expect(base.clock.pending).toBeLessThan(300);
  expect(base.logger.events.filter(({ level }) => level === "error")).toEqual([]);

  // And it still works.
  const peer = attacked.connect();
  if (attacked.broker.topic("t") === undefined) await attacked.topic("t");
  const partitionData = [{ index: 0, records: batchOf({ first: 1 }) }];
  const topicData = [{ name: "t", partitionData }];
  const produced = await peer.request("Produce", 9, { acks: 1, topicData });
  const error = produced.responses[0]?.partitionResponses[0]?.errorCode ?? -1;
  expect(named(error)).toBe("NONE");
  await attacked.close();
}, 300_000);

test("a request that is cut off anywhere is refused, and the one before it is answered", async () => {
  const random = randomForTest();
  const attacked = await world();
  for (const name of names) {
    const { versions, request }: Api = apis[name];
    const writer = attacked.connect();
    const row = filledRow(request, versions[1], "full");
    const whole = writer.frame(name, versions[1], row);
    for (let left = 5; left > 0; left--) {
      const peer = attacked.connect();
      const before = peer.frame("ListGroups", 0, {});
      peer.receive(before, whole.subarray(0, 1 + random.below(whole.length - 1)));
      await turns(1);
      expect(peer.order).toEqual([1]);
      expect(peer.closedFor).not.toBeNull();
      expect(peer.reservedBytes).toBe(0);
    }
  }
  await attacked.close();
});
