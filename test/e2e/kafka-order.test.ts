import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { type ApiName, apis } from "../../src/kafka/apis.ts";
import { noUuid } from "../../src/wire/table.ts";
import { batchOf } from "../support/batches.ts";
import type { Request, Response, Some } from "../support/kafka-world.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { startBroker } from "./support/broker-process.ts";
import { oneOf } from "./support/chance.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { report } from "./support/numbers.ts";
import { untilWithin, within } from "./support/within.ts";

leaveNothing();

const requests = rounds(3_000, 10_000, 20_000);
/** More than the broker takes before it stops reading. */
const inFlightMax = 250;
const partitionCount = 4;
/** How long a JoinGroup waits for more members, and a Fetch for records that don't come. */
const joinMs = 5;
const fetchMs = 8;
const answerMsMax = 60_000;

/** A connection that asks everything, and what came of it. */
class Story {
  topicId = noUuid;
  /** The order in which responses came, as numbers of their requests. */
  readonly order: number[] = [];
  readonly faults: string[] = [];
  readonly asked = new Map<ApiName, number>();
  sent = 0;
  /** Requests without an answer. */
  unanswered = 0;
  /** Groups made so far: each JoinGroup begins one, and waits. */
  #groups = 0;
  readonly #nextOffsets = Array.from({ length: partitionCount }, () => 0);

  constructor(
    readonly client: KafkaClient,
    readonly random: Random,
  ) {}

  /** Asks in any version that is served; `isRight` says whether the answer is one to this. */
  ask<Name extends ApiName>(
    name: Name,
    request: Some<Request<Name>>,
    isRight: (response: Response<Name>) => boolean = () => true,
  ): void {
    const [oldest, newest] = apis[name].versions;
    const version = oldest + this.random.below(newest - oldest + 1);
    const number = this.sent++;
    this.asked.set(name, (this.asked.get(name) ?? 0) + 1);
    void this.client.ask(name, version, request).then((response) => {
      if (response === null) return;
      this.order.push(number);
      if (!isRight(response)) {
        this.faults.push(`${name} ${version}: ${JSON.stringify(response)}`);
      }
    });
  }

  /** One of the slow ones: it waits for the disk. With `acks` 0 there must be no answer. */
  produce(acks: -1 | 0 | 1): void {
    const index = this.random.below(partitionCount);
    const count = 1 + this.random.below(3);
    const records = batchOf({ first: this.sent, count });
    const { topicId } = this;
    const topicData = [{ name: "orders", topicId, partitionData: [{ index, records }] }];
    // Nobody else writes, so the order of the requests is that of the offsets.
    const expected = this.#nextOffsets[index]!;
    this.#nextOffsets[index] = expected + count;
    const request = { acks, timeoutMs: 30_000, topicData };
    if (acks === 0) {
      this.unanswered += 1;
      return this.client.tell(apis.Produce.versions[1], request);
    }
    this.ask("Produce", request, ({ responses: [topic] }) => {
      const partition = topic?.partitionResponses[0];
      return partition?.errorCode === 0 && Number(partition.baseOffset) === expected;
    });
  }

  /** It waits for its time: nothing has so many bytes. */
  fetch(maxWaitMs: number): void {
    const partitions = [{ partition: 0, fetchOffset: 0, partitionMaxBytes: 1_000 }];
    const topics = [{ topic: "orders", topicId: this.topicId, partitions }];
    const minBytes = maxWaitMs === 0 ? 1 : 1_000_000;
    this.ask("Fetch", { maxWaitMs, minBytes, maxBytes: 2_000, topics }, (response) => {
      return response.errorCode === 0 && response.responses[0]?.partitions[0]?.errorCode === 0;
    });
  }

  /** It waits for more members, or is told its id first (from version 4 on). */
  joinGroup(): void {
    const groupId = `group-${this.#groups++}`;
    const protocols = [{ name: "range", metadata: new Uint8Array(4) }];
    const timeouts = { sessionTimeoutMs: 10_000, rebalanceTimeoutMs: 10_000 };
    this.ask("JoinGroup", { groupId, ...timeouts, protocolType: "any", protocols }, (response) => {
      return [0, 79].includes(response.errorCode) && response.memberId !== "";
    });
  }

  commit(): void {
    const name = "orders";
    const { topicId } = this;
    const partitions = [{ partitionIndex: 0, committedOffset: this.sent, committedMetadata: "" }];
    const request = { groupId: "committers", topics: [{ name, topicId, partitions }] };
    this.ask("OffsetCommit", request, ({ topics }) => topics[0]?.partitions[0]?.errorCode === 0);
  }

  /** One of those that take no time. */
  quick(): void {
    const { topicId } = this;
    const name = "orders";
    const named = { name, topicId: noUuid };
    const group = { groupId: "nobody", memberId: "nobody", generationId: 1 };
    const choices = [
      () => this.ask("ApiVersions", { clientSoftwareName: "a", clientSoftwareVersion: "1" }),
      () => this.ask("Metadata", { topics: [named] }, ({ topics }) => topics[0]?.name === name),
      () => this.ask("FindCoordinator", { key: "nobody", coordinatorKeys: ["nobody"] }),
      () => this.ask("Heartbeat", group, ({ errorCode }) => errorCode === 25),
      () => this.ask("DescribeGroups", { groups: ["nobody"] }),
      () => this.ask("ListGroups", {}),
      () => this.ask("InitProducerId", { transactionalId: null }, (one) => one.errorCode === 0),
      () => this.ask("DescribeCluster", {}),
      () => this.ask("DescribeConfigs", { resources: [{ resourceType: 2, resourceName: name }] }),
      () => {
        const partitions = [{ partitionIndex: 1, timestamp: -1 }];
        this.ask("ListOffsets", { replicaId: -1, topics: [{ name, partitions }] });
      },
      () => {
        const topics = [{ name, topicId, partitionIndexes: [0, 1] }];
        this.ask("OffsetFetch", { groupId: "committers", topics, groups: [] });
      },
    ] as const;
    oneOf(this.random, [choices[0], ...choices])();
  }

  next(): void {
    const die = this.random.below(100);
    if (die < 5) this.produce(0);
    else if (die < 45) this.produce(die < 30 ? -1 : 1);
    else if (die < 49) this.fetch(this.random.below(fetchMs));
    else if (die < 53) this.joinGroup();
    else if (die < 58) this.commit();
    else this.quick();
  }
}

/** Asks until all requests are sent and answered; now and then it reads nothing for a while. */
async function askAll(story: Story): Promise<void> {
  const { client, random } = story;
  while (story.sent < requests && !client.isGone) {
    const upTo = Math.min(requests, story.sent + 1 + random.below(60));
    while (story.sent < upTo) story.next();
    const isReading = random.below(8) > 0;
    if (!isReading) client.pause();
    const most = isReading ? random.below(inFlightMax) : inFlightMax;
    const { answered } = client;
    const isDue = (): boolean => client.inFlight <= most || client.unsentBytes === 0;
    await untilWithin(answerMsMax, `answer ${answered}`, isDue);
    client.resume();
    await untilWithin(answerMsMax, `answer ${answered}`, () => client.inFlight <= most);
  }
  await untilWithin(answerMsMax, "the last answer", () => {
    return story.order.length === requests || client.isGone;
  });
}

test(`${requests} requests of all kinds over one connection are answered in order`, async () => {
  const random = randomForTest();
  using directory = temporaryDirectory();
  const { process: broker, kafkaPort } = await startBroker(join(directory.path, "data"), [
    ...["--partitions", String(partitionCount)],
    ...["--group-initial-rebalance-delay-ms", String(joinMs)],
  ]);
  await using _ = broker;
  const used = new Set<number>();
  // Any int32, each once: who counts in his head notices nothing.
  const correlationId = (): number => {
    const id = random.below(2 ** 32) | 0;
    if (used.has(id)) return correlationId();
    used.add(id);
    return id;
  };
  // Now and then a request comes in pieces, now and then many come in one.
  const pieceBytes = (): number => 1 + random.below(oneOf(random, [10, 300, 20_000]));
  using client = await KafkaClient.connect(kafkaPort, { correlationId, pieceBytes });
  const created = await client.ask("Metadata", 12, { topics: [{ name: "orders" }] });
  const story = new Story(client, random);
  story.topicId = created?.topics[0]?.topicId ?? noUuid;
  const from = performance.now();
  await askAll(story);
  const seconds = ((performance.now() - from) / 1000).toFixed(1);
  expect(client.violations).toEqual([]);
  expect(story.faults).toEqual([]);
  expect(story.order).toEqual(Array.from({ length: requests }, (_each, number) => number));
  const kinds = [...story.asked].map(([name, count]) => `${count} ${name}`).join(", ");
  report("requests answered in their order", `${requests} in ${seconds} s: ${kinds}`);
  report("requests without an answer among them", String(story.unanswered));
  client.end();
  await within(answerMsMax, "the end of the connection", client.closed);
  const refusals = broker.lines.filter(({ level }) => level === "warn" || level === "error");
  expect(refusals).toEqual([]);
}, 300_000);
