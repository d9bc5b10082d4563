import { expect, test } from "bun:test";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import type { Api } from "../../src/wire/table.ts";
import { batchOf } from "../support/batches.ts";
import { filledRow } from "../support/fill.ts";
import { KafkaWorld, named } from "../support/kafka-world.ts";
import { malformedFrame } from "../support/malformed.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { turns } from "../support/until.ts";

const names = Object.keys(apis) as ApiName[];

/** The longest turn that a client may cause. */
const turnMsMax = 50;

/**
 * Runs a step; how long it took, by the clock or by the processor's time of this thread, whichever
 * is less: a machine that is busy with others makes the first long, and its ticks the second.
 */
async function measured(step: () => void | Promise<void>): Promise<number> {
  const [cpu, wall] = [process.threadCpuUsage(), performance.now()];
  await step();
  const { user, system } = process.threadCpuUsage(cpu);
  return Math.min((user + system) / 1000, performance.now() - wall);
}

async function world(): Promise<KafkaWorld> {
  const rules = { groupsMax: 20, membersMax: 5, groupsBytesMax: 1_000_000 };
  return await KafkaWorld.open({ partitionsMax: 30 }, rules);
}

test("a million malformed requests cost their connection at most", async () => {
  const random = randomForTest();
  const attacked = await world();
  await attacked.topic("t");
  const { protocol, base } = attacked;
  const total = rounds(30_000, 150_000);
  let closed = 0;
  let longestMs = 0;
  const note = (tookMs: number): void => {
    longestMs = Math.max(longestMs, tookMs);
  };
  for (let sent = 0; sent < total;) {
    const peer = attacked.connect();
    const count = 1 + random.below(8);
    const frames = Array.from({ length: count }, () => malformedFrame(random));
    note(await measured(() => peer.receive(...frames)));
    sent += count;
    if (random.next() < 0.2) note(await measured(() => turns(1)));
    if (random.next() < 0.1) {
      const durationMs = random.below(2_000);
      note(await measured(() => base.clock.advance(durationMs)));
    }
    if (random.next() < 0.3) peer.session.finish();
    if (peer.closedFor !== null) closed += 1;
    peer.leave();
  }
  process.stdout.write(
    `measured: the longest of ${total} frames took ${longestMs.toFixed(1)} ms\n`,
  );
  expect(longestMs).toBeLessThan(turnMsMax);
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
}, 600_000);

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
