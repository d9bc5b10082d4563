/** Topics and committed offsets, which the broker keeps in its database, over power cuts. */
import { expect } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { skipUnless } from "../support/skip.ts";
import { type StartedBroker, startBroker } from "./support/broker-process.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { type ImageKind, makeImage, mountFault } from "./support/mounts.ts";
import { report } from "./support/numbers.ts";
import { cutPower } from "./support/power.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const imageMebibytes: Readonly<Record<ImageKind, number>> = { ext4: 128, xfs: 512 };
const committers = 3;
/** Text that goes with each commit, so that the database's log is carried over now and then. */
const metadataCharacters = 4_000;
const topicName = (number: number): string => `topic-${number}`;
const groupName = (number: number): string => `group-${number}`;

/** What was asked of the broker, and what of it was acknowledged. */
class Witness {
  /** Topics by number: whether somebody was told that it is there. */
  readonly created = new Map<number, boolean>();
  /** By the group's number: what was sent last, and what was acknowledged last. */
  readonly sent = new Map<number, number>();
  readonly acknowledged = new Map<number, number>();
  acknowledgements = 0;

  /** Holds what a broker says after a start against it. */
  async check(client: KafkaClient): Promise<void> {
    const names = await topicsOf(client);
    for (const [number, isAcknowledged] of this.created) {
      if (isAcknowledged) expect(names).toContain(topicName(number));
    }
    for (let group = 0; group < committers; group++) {
      const found = await committedBy(client, group);
      expect(found).toBeGreaterThanOrEqual(this.acknowledged.get(group) ?? -1);
      expect(found).toBeLessThanOrEqual(this.sent.get(group) ?? -1);
      // Somebody was told of it now.
      this.acknowledged.set(group, found);
    }
    for (const number of this.created.keys()) {
      if (names.has(topicName(number))) this.created.set(number, true);
    }
  }
}

async function topicsOf(client: KafkaClient): Promise<Set<string>> {
  const found = await client.ask("Metadata", 9, { topics: null });
  return new Set((found?.topics ?? []).map(({ name }) => String(name)));
}

async function committedBy(client: KafkaClient, group: number): Promise<number> {
  const topics = [{ name: topicName(0), partitionIndexes: [0] }];
  const groups = [{ groupId: groupName(group), topics }];
  const found = await client.ask("OffsetFetch", 8, { groups, requireStable: true });
  const [partition] = found?.groups[0]?.topics[0]?.partitions ?? [];
  return partition?.committedOffset ?? NaN;
}

/** Commits one offset after another for as long as there are answers. */
async function commitOn(client: KafkaClient, group: number, witness: Witness): Promise<void> {
  for (;;) {
    const committedOffset = (witness.sent.get(group) ?? -1) + 1;
    witness.sent.set(group, committedOffset);
    const committedMetadata = String(committedOffset % 10).repeat(metadataCharacters);
    const partitions = [{ partitionIndex: 0, committedOffset, committedMetadata }];
    const answer = await client.ask("OffsetCommit", 8, {
      groupId: groupName(group),
      generationIdOrMemberEpoch: -1,
      topics: [{ name: topicName(0), partitions }],
    });
    if (answer?.topics[0]?.partitions[0]?.errorCode !== 0) return;
    witness.acknowledged.set(group, committedOffset);
    witness.acknowledgements++;
  }
}

/** Creates one topic after another for as long as there are answers. */
async function createOn(client: KafkaClient, witness: Witness): Promise<void> {
  for (;;) {
    const number = witness.created.size;
    witness.created.set(number, false);
    const topics = [{ name: topicName(number), numPartitions: 1, replicationFactor: 1 }];
    const answer = await client.ask("CreateTopics", 5, { topics, timeoutMs: 30_000 });
    if (answer?.topics[0]?.errorCode !== 0) return;
    witness.created.set(number, true);
    witness.acknowledgements++;
  }
}

/** Asks for all that until there were so many acknowledgements, and then cuts the power. */
async function loadAndCut(
  { process: broker, kafkaPort }: StartedBroker,
  path: string,
  witness: Witness,
  enough: number,
): Promise<void> {
  const clients = await Promise.all(
    Array.from({ length: committers + 1 }, () => KafkaClient.connect(kafkaPort)),
  );
  const [creator, ...committing] = clients as [KafkaClient, ...KafkaClient[]];
  const from = witness.acknowledgements;
  const work = [
    createOn(creator, witness),
    ...committing.map((client, group) => commitOn(client, group, witness)),
  ];
  await untilWithin(30_000, "acknowledgements", () => witness.acknowledgements >= from + enough);
  // What was acknowledged before the switch counts, not what is answered in its instant.
  const before = structuredClone({ created: witness.created, acknowledged: witness.acknowledged });
  cutPower(path);
  await broker.end("SIGKILL");
  await within(10_000, "the end of the connections", Promise.all(work));
  for (const [number] of witness.created) {
    witness.created.set(number, before.created.get(number) ?? false);
  }
  for (let group = 0; group < committers; group++) {
    witness.acknowledged.set(group, before.acknowledged.get(group) ?? -1);
  }
}

/** Starts a broker and holds what it says against the witness; it does not outlive a difference. */
async function start(data: string, witness: Witness): Promise<StartedBroker> {
  const started = await startBroker(data);
  try {
    using client = await KafkaClient.connect(started.kafkaPort);
    await witness.check(client);
    return started;
  } catch (error) {
    await started.process.end("SIGKILL");
    throw error;
  }
}

async function cutPowerTimes(kind: ImageKind, cuts: number, random: Random): Promise<void> {
  await using filesystem = makeImage(kind, imageMebibytes[kind]);
  const data = join(filesystem.path, "data");
  const witness = new Witness();
  for (let done = 0; done < cuts; done++) {
    await filesystem.mount();
    const started = await start(data, witness);
    await using _ = started.process;
    await loadAndCut(started, filesystem.path, witness, 1 + random.below(300));
    await filesystem.unmount();
  }
  await filesystem.mount();
  const { process: broker } = await start(data, witness);
  await using _ = broker;
  expect(await broker.end("SIGTERM")).toBe(0);
  report(`metadata over ${cuts} power cuts on ${kind}`, `${witness.acknowledgements} acknowledged`);
  expect(witness.acknowledgements).toBeGreaterThan(cuts);
}

const cuts = { ext4: rounds(4, 20, 40), xfs: rounds(2, 10, 20) };
const faults: Readonly<Record<ImageKind, string | null>> = {
  ext4: await mountFault("ext4"),
  xfs: await mountFault("xfs"),
};

for (const kind of ["ext4", "xfs"] as const) {
  skipUnless(faults[kind] === null, faults[kind] ?? "")(
    `${cuts[kind]} power cuts on ${kind}: topics and offsets that were acknowledged are there`,
    () => cutPowerTimes(kind, cuts[kind], randomForTest()),
    cuts[kind] * 20_000,
  );
}
