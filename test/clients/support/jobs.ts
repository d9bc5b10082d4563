/**
 * What every client must be able to do, told once. Each client has a small program, in its own
 * language, that takes the broker's address and a list of jobs, and answers each with a line of
 * JSON; its tests are those of this file.
 */
import { describe, expect } from "bun:test";
import type { Compression } from "../../../src/record/batch.ts";
import type { skipUnless } from "../../support/skip.ts";
import { KafkaBroker } from "./kafka-broker.ts";
import { type ProgramOptions, endPrograms, output } from "./program.ts";

/** A record as the programs take and give it. */
interface JobRecord {
  readonly key: string | null;
  readonly value: string | null;
  readonly headers: Readonly<Record<string, string>>;
}

/** One thing to do, as the programs read it. */
type Job =
  | {
      readonly do: "produce";
      readonly topic: string;
      readonly codec: Compression;
      readonly idempotent: boolean;
      readonly records: readonly JobRecord[];
    }
  /** Reads `count` records of partition 0 from its start, or from a time in milliseconds. */
  | { readonly do: "read"; readonly topic: string; readonly count: number; readonly from?: number }
  /** Begins at the end, produces one record `late`, and reads one. */
  | { readonly do: "tail"; readonly topic: string }
  /** Two members of a group share 4 partitions, then one leaves. */
  | { readonly do: "share"; readonly topic: string; readonly group: string }
  /** As a member of a group, reads `count` values, commits them and leaves. */
  | {
      readonly do: "take";
      readonly topic: string;
      readonly group: string;
      readonly count: number;
    }
  | { readonly do: "admin"; readonly topic: string; readonly group: string };

/** A client to test. */
export interface ClientUnderTest {
  readonly name: string;
  readonly command: readonly string[];
  readonly options?: ProgramOptions;
  /** What it can compress with, here. */
  readonly codecs: readonly Compression[];
  /** Fields of the answer to `admin` that it has no way to find out. */
  readonly lacks?: readonly string[];
}

/** What `admin` is to answer. */
const administered = {
  partitions: [2, 4],
  configured: ["100000", "200000"],
  lowWatermark: 2,
  offsets: [2, 3],
  group: ["Stable", 1],
  isListed: true,
  isGroupGone: true,
  isTopicGone: true,
  refused: "TOPIC_ALREADY_EXISTS",
};

const records: readonly JobRecord[] = [
  { key: "key", value: "value", headers: { trace: "1", other: "ä ✓" } },
  { key: null, value: "without a key", headers: {} },
  { key: "without a value", value: null, headers: { trace: "2" } },
  { key: "", value: "", headers: { empty: "" } },
  { key: "long", value: "0123456789".repeat(1000), headers: {} },
];

const sorted = (numbers: readonly number[]): number[] => [...numbers].sort((a, b) => a - b);

/** Registers the tests of one client. */
export function describeClient(register: ReturnType<typeof skipUnless>, it: ClientUnderTest): void {
  endPrograms();
  const perform = async (broker: KafkaBroker, ...jobs: Job[]): Promise<unknown[]> => {
    const command = [...it.command, broker.address, JSON.stringify(jobs)];
    const lines = (await output(command, it.options)).trim().split("\n");
    return lines.map((line): unknown => JSON.parse(line));
  };
  const produce = (topic: string, codec: Compression = "none", idempotent = false): Job => {
    return { do: "produce", topic, codec, idempotent, records };
  };
  const count = records.length;

  describe(it.name, () => {
    for (const codec of it.codecs) {
      register(`${it.name}: records compressed with ${codec} come back as they were`, async () => {
        await using broker = await KafkaBroker.start();
        const read: Job = { do: "read", topic: "orders", count };
        const answers = await perform(broker, produce("orders", codec), read);
        expect(answers[1]).toEqual(records);
        expect(broker.codecs("orders")).toEqual([codec]);
      });
    }

    register(`${it.name}: an idempotent producer, and a second one on the same topic`, async () => {
      await using broker = await KafkaBroker.start();
      const job = produce("orders", "none", true);
      const read: Job = { do: "read", topic: "orders", count: 3 * count };
      const answers = await perform(broker, job, job, job, read);
      expect(answers[3]).toEqual([...records, ...records, ...records]);
    });

    register(`${it.name}: reads from the end, and from a time`, async () => {
      await using broker = await KafkaBroker.start();
      const [, late] = await perform(broker, produce("orders"), { do: "tail", topic: "orders" });
      expect(late).toEqual([{ key: null, value: "late", headers: {} }]);
      // By the broker's clock and the producer's, which are one.
      const from = Date.now();
      const again: Job = { do: "read", topic: "orders", count, from };
      expect((await perform(broker, produce("orders"), again))[1]).toEqual(records);
    });

    register(
      `${it.name}: two members share a topic; one leaves, the other has it all`,
      async () => {
        await using broker = await KafkaBroker.start("--partitions", "4");
        const share: Job = { do: "share", topic: "orders", group: "workers" };
        const [, answer] = await perform(broker, produce("orders"), share);
        const { alone, together, afterwards } = answer as Record<string, number[][]>;
        expect(alone?.map((each) => sorted(each))).toEqual([[0, 1, 2, 3]]);
        expect(together?.map((each) => each.length)).toEqual([2, 2]);
        expect(sorted(together?.flat() ?? [])).toEqual([0, 1, 2, 3]);
        expect(afterwards?.map((each) => sorted(each))).toEqual([[0, 1, 2, 3]]);
      },
    );

    register(`${it.name}: what was committed is where the next one resumes`, async () => {
      await using broker = await KafkaBroker.start();
      const take: Job = { do: "take", topic: "orders", group: "workers", count: 3 };
      const [, , first, second] = await perform(
        broker,
        produce("orders"),
        produce("orders"),
        take,
        take,
      );
      const values = [...records, ...records].map(({ value }) => value);
      expect(first).toEqual(values.slice(0, 3));
      expect(second).toEqual(values.slice(3, 6));
    });

    register(`${it.name}: creates, describes, alters and deletes`, async () => {
      await using broker = await KafkaBroker.start();
      const [answer] = await perform(broker, { do: "admin", topic: "orders", group: "workers" });
      const lacks = new Set(it.lacks);
      const can = Object.entries(administered).filter(([field]) => !lacks.has(field));
      expect(answer).toEqual(Object.fromEntries(can));
    });
  });
}
