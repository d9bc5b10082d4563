import { expect, test } from "bun:test";
import { join } from "node:path";
import type { Random } from "../../src/base/random.ts";
import { compressionNames } from "../../src/record/batch.ts";
import { type Entry, keyed } from "../support/compaction.ts";
import { rounds } from "../support/rounds.ts";
import { randomForTest } from "../support/seed.ts";
import { temporaryDirectory } from "../support/temporary.ts";
import { until } from "../support/until.ts";
import { run, startBroker } from "./support/broker-process.ts";
import { oneOf } from "./support/chance.ts";
import { KafkaClient } from "./support/kafka-client.ts";
import { readPartition } from "./support/kafka-partition.ts";
import { leaveNothing } from "./support/leave-nothing.ts";
import { report } from "./support/numbers.ts";
import { within } from "./support/within.ts";

leaveNothing();

const kills = rounds(8, 12, 20);
const keys = 300;
const inFlightMax = 16;
/** No kill comes later than this many records after the start. */
const momentRecordsMax = 12_000;
const topic = "profiles";
/** The longer kills come before a compaction is done, the more there is to do. */
const compactedMsMax = 180_000;

/** How a broker compacts that has nothing better to do. */
const serveOptions = (random: Random): string[] => [
  ...["--segment-bytes", "256KiB", "--compaction-check-interval", "100ms"],
  ...["--compaction-rate", oneOf(random, ["32MiB", "64GiB"])],
  ...["--compaction-memory", oneOf(random, ["64KiB", "64MiB"])],
  ...["--cache", oneOf(random, ["1MiB", "64MiB"])],
];

/** A record that was sent; `null`: it deletes its key. */
interface Sent {
  readonly number: number;
  readonly key: string;
  readonly value: string | null;
}

/** What each key may be: what was acknowledged last, or anything that was sent since. */
class Profiles {
  readonly #possible = new Map<string, Sent[]>();
  acknowledged = 0;
  #sent = 0;

  constructor(private readonly random: Random) {}

  /** Records for the next batch. */
  next(): Sent[] {
    const { random } = this;
    const batch = Array.from({ length: 1 + random.below(20) }, (): Sent => {
      const number = this.#sent++;
      const isTombstone = random.below(10) === 0;
      const value = isTombstone ? null : `${number} `.padEnd(random.below(900), ".");
      return { number, key: `k${random.below(keys)}`, value };
    });
    for (const sent of batch) this.#of(sent.key).push(sent);
    return batch;
  }

  isAcknowledged(batch: readonly Sent[]): void {
    this.acknowledged += batch.length;
    for (const { key, number } of batch) {
      const left = this.#of(key).filter((other) => other.number >= number);
      this.#possible.set(key, left);
    }
  }

  /** Why this can't be what is left of it. */
  faults(found: ReadonlyMap<string, string | null>): string[] {
    const faults: string[] = [];
    for (const [key, possible] of this.#possible) {
      const value = found.get(key) ?? null;
      if (possible.some((sent) => sent.value === value)) continue;
      const numbers = possible.map(({ number }) => number).join();
      faults.push(`${key} is ${value?.split(" ")[0] ?? "not there"}, and not one of ${numbers}`);
    }
    return faults;
  }

  #of(key: string): Sent[] {
    const known = this.#possible.get(key) ?? [{ number: -1, key, value: null }];
    this.#possible.set(key, known);
    return known;
  }
}

/** Produces until the connection is gone. */
async function produce(client: KafkaClient, profiles: Profiles, random: Random): Promise<void> {
  let isGone = false;
  const fill = (): void => {
    while (!isGone && client.inFlight < inFlightMax) {
      const batch = profiles.next();
      const entries = batch.map(({ key, value }): Entry => [key, value]);
      const compression = compressionNames[random.below(compressionNames.length)] ?? "none";
      const records = keyed(entries, { timestamp: Date.now(), compression });
      const topicData = [{ name: topic, partitionData: [{ index: 0, records }] }];
      void client.ask("Produce", 9, { acks: -1, timeoutMs: 30_000, topicData }).then((answer) => {
        if (answer === null) return;
        const code = answer.responses[0]?.partitionResponses[0]?.errorCode;
        if (code !== 0) throw new Error(`produce was answered ${code}`);
        profiles.isAcknowledged(batch);
        fill();
      });
    }
  };
  fill();
  await client.closed;
  isGone = true;
}

/** The last value of each key, as a consumer sees it that reads from the beginning. */
async function readAll(kafkaPort: number): Promise<Map<string, string | null>> {
  using client = await KafkaClient.connect(kafkaPort);
  const { records, refused } = await readPartition(client, topic);
  expect(refused).toEqual([]);
  return new Map(records.map(({ key, value }) => [String(key), value]));
}

test(
  `${kills} times kill -9 while logs are compacted: the newest value of each key is there`,
  async () => {
    const random = randomForTest();
    using directory = temporaryDirectory();
    const data = join(directory.path, "data");
    const profiles = new Profiles(random);
    let [compactions, completed] = [0, 0];
    for (let killed = 0; killed <= kills; killed++) {
      const isLast = killed === kills;
      const { process: broker, kafkaPort } = await startBroker(data, serveOptions(random));
      await using _ = broker;
      const client = await KafkaClient.connect(kafkaPort);
      if (killed === 0) await createTopic(client);
      else expect(profiles.faults(await readAll(kafkaPort))).toEqual([]);
      const producing = produce(client, profiles, random);
      const enough = profiles.acknowledged + random.below(momentRecordsMax);
      await until(() => profiles.acknowledged >= enough);
      // Else the log only grows, and no compaction is ever near its end when the kill comes.
      if (isLast || random.below(2) === 0) await broker.logged("compacted", compactedMsMax);
      if (isLast) client[Symbol.dispose]();
      // The last one is stopped in peace, in the middle of whatever it does.
      expect(await broker.end(isLast ? "SIGTERM" : "SIGKILL")).toBe(isLast ? 0 : 137);
      await within(10_000, "the end of the connection", producing);
      expect(client.violations).toEqual([]);
      const complaints = broker.lines.filter(({ level }) => level === "warn" || level === "error");
      expect(complaints).toEqual([]);
      compactions += broker.lines.filter(({ event }) => event === "compacted").length;
      completed += broker.lines.filter(({ event }) => /compaction completed/.test(event)).length;
      const { code, stdout } = await run(["check", data]);
      expect({ code, stdout: code === 0 ? "" : stdout }).toEqual({ code: 0, stdout: "" });
    }
    report("compactions", `${compactions}, and ${completed} more completed by the next start`);
    report("records acknowledged", String(profiles.acknowledged));
    expect(compactions).toBeGreaterThan(0);
    expect(profiles.acknowledged).toBeGreaterThan(keys);
  },
  kills * 20_000 + compactedMsMax,
);

async function createTopic(client: KafkaClient): Promise<void> {
  const configs = [
    { name: "cleanup.policy", value: "compact" },
    { name: "min.cleanable.dirty.ratio", value: "0.01" },
    { name: "delete.retention.ms", value: "0" },
  ];
  const request = { topics: [{ name: topic, numPartitions: 1, replicationFactor: 1, configs }] };
  const answer = await client.ask("CreateTopics", 5, { ...request, timeoutMs: 30_000 });
  expect(answer?.topics[0]?.errorCode).toBe(0);
}
