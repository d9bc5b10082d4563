/**
 * Holds the records of a log against a history: what every broker must keep, whatever happens to
 * it. Records are handed in one after another as they are read, partition by partition; it may be
 * asked at any time what is wrong, and then go on with what was appended since.
 *
 * Owned data: the last offset of each partition, the last number of each producer in it, and the
 * records seen. What was seen goes into the history as well, so that a later checker, which reads
 * everything again, notices what has vanished or moved.
 */
import { partitionForKey } from "../../../src/base/murmur2.ts";
import { nanosecondsOf } from "../../../src/record/nanoseconds.ts";
import type { BatchRecord } from "../../../src/record/records.ts";
import type { Entry, History, ProducerHistory } from "./history.ts";

/**
 * - lost: acknowledged, or seen before, and not there - duplicate: there twice - altered: other
 *   bytes than were sent - unsent: nobody sent it - misplaced: another topic or partition than its
 *   own - moved: seen before at another offset - reordered: behind a later record of its producer
 * - hole: absent, with later records of its connection and partition there - offsets: not
 *   contiguous - refused: answered with NACK, and there - damaged: bytes that are no batch
 */
export type Anomaly =
  | "lost"
  | "duplicate"
  | "altered"
  | "unsent"
  | "misplaced"
  | "moved"
  | "reordered"
  | "hole"
  | "offsets"
  | "refused"
  | "damaged";

/** One thing that is wrong, in a line. */
export type Finding = `${Anomaly}: ${string}`;

/** Findings that are kept; the rest is counted. */
const findingsMax = 20;

/** A partition, and how many its topic has. */
export interface Partition {
  readonly topic: string;
  readonly index: number;
  readonly count: number;
}

interface PartitionState {
  nextOffset: number;
  /** The number of the last record of each producer. */
  readonly last: number[];
}

/** See the head of this file. */
export class Checker {
  readonly #findings: Finding[] = [];
  #uncounted = 0;
  readonly #partitions = new Map<string, PartitionState>();
  /** How many partitions each topic has. */
  readonly #counts = new Map<string, number>();
  /** Of each producer, which records were seen. */
  readonly #seen: boolean[][];

  /** @param refusedMayStay a disk that died may have stored what it refused */
  constructor(
    private readonly history: History,
    private readonly refusedMayStay: boolean,
  ) {
    this.#seen = history.producers.map(() => []);
  }

  /** Where reading of this partition goes on. */
  nextOffset(partition: Partition): number {
    return this.#stateOf(partition).nextOffset;
  }

  /** Takes the next record of a partition. */
  take(partition: Partition, record: BatchRecord): void {
    this.#counts.set(partition.topic, partition.count);
    const state = this.#stateOf(partition);
    const place = `${partition.topic}/${partition.index} offset ${record.offset}`;
    if (record.offset !== state.nextOffset) {
      this.note("offsets", `${place}, expected ${state.nextOffset}`);
    }
    state.nextOffset = record.offset + 1;

    const { producer: index, number: digits } = valueHead(record.value);
    const producer = this.history.producers[Number(index)];
    const number = Number(digits);
    const entry = digits === "" ? undefined : producer?.entries[number];
    if (producer === undefined || entry === undefined) return this.note("unsent", place);
    const name = `${producer.nameOf(number)} at ${place}`;
    if (!isWhereItBelongs(entry, partition, record)) {
      this.note("misplaced", `${name}, sent to ${entry.topic}`);
    }
    if (!isUnaltered(producer, number, record)) this.note("altered", name);
    if (entry.fate === "refused" && !this.refusedMayStay) this.note("refused", name);

    const seen = this.#seen[producer.index]!;
    if (seen[number] === true) this.note("duplicate", name);
    else if (number < (state.last[producer.index] ?? -1)) this.note("reordered", name);
    seen[number] = true;
    state.last[producer.index] = Math.max(number, state.last[producer.index] ?? -1);

    const before = entry.seen;
    if (before === null) entry.seen = { partition: partition.index, offset: record.offset };
    else if (before.partition !== partition.index || before.offset !== record.offset) {
      this.note("moved", `${name}, before at ${before.partition} offset ${before.offset}`);
    }
  }

  /** Notes what the reader of the log has found. */
  note(anomaly: Anomaly, text: string): void {
    if (this.#findings.length < findingsMax) this.#findings.push(`${anomaly}: ${text}`);
    else this.#uncounted += 1;
  }

  /** All that is wrong, once everything there is has been taken; `[]` if nothing is. */
  findings(): string[] {
    const before = { kept: this.#findings.length, uncounted: this.#uncounted };
    for (const producer of this.history.producers) this.#checkPresence(producer);
    const uncounted = this.#uncounted > 0 ? [`and ${this.#uncounted} more`] : [];
    const findings = [...this.#findings, ...uncounted];
    // What is absent is found again by the next call.
    this.#findings.length = before.kept;
    this.#uncounted = before.uncounted;
    return findings;
  }

  #checkPresence(producer: ProducerHistory): void {
    const seen = this.#seen[producer.index]!;
    /** For each lane, the connection whose record is absent there. */
    const absent = new Map<string, number>();
    producer.entries.forEach((entry, number) => {
      const lane = this.#laneOf(producer, number, entry);
      if (seen[number] === true) {
        if (lane !== null && absent.get(lane) === entry.connection) {
          this.note("hole", `before ${producer.nameOf(number)} in ${lane}`);
          absent.delete(lane);
        }
        return;
      }
      if (entry.fate === "acknowledged" || entry.seen !== null) {
        this.note("lost", `${producer.nameOf(number)} of ${entry.topic}, ${describe(entry)}`);
      }
      if (lane !== null && entry.fate !== "refused") absent.set(lane, entry.connection);
    });
  }

  /** The partition that a record must lie in; `null` if the broker chose it freely. */
  #laneOf(producer: ProducerHistory, number: number, entry: Entry): string | null {
    const partitions = this.#counts.get(entry.topic);
    if (partitions === undefined) return null;
    if (partitions === 1) return `${entry.topic}/0`;
    if (entry.partition !== null) return `${entry.topic}/${entry.partition}`;
    if (!entry.hasKey) return null;
    const key = new TextEncoder().encode(producer.nameOf(number));
    return `${entry.topic}/${partitionForKey(key, partitions)}`;
  }

  #stateOf({ topic, index }: Partition): PartitionState {
    const key = `${topic}/${index}`;
    let state = this.#partitions.get(key);
    if (state === undefined) {
      state = { nextOffset: 0, last: [] };
      this.#partitions.set(key, state);
    }
    return state;
  }
}

/** Producer and number, as digits, that a value begins with; empty if it is none of a load's. */
function valueHead(value: Uint8Array | null): { producer: string; number: string } {
  const head = Buffer.from(value?.subarray(0, valueHeadBytesMax) ?? []).toString("latin1");
  const [, producer = "", number = ""] = /^p(\d+)-(\d+) /.exec(head) ?? [];
  return { producer, number };
}

const valueHeadBytesMax = 32;

function isWhereItBelongs(entry: Entry, { topic, index, count }: Partition, record: BatchRecord) {
  if (entry.topic !== topic) return false;
  if (entry.partition !== null && entry.partition !== index) return false;
  return !entry.hasKey || record.key === null || partitionForKey(record.key, count) === index;
}

function isUnaltered(producer: ProducerHistory, number: number, record: BatchRecord): boolean {
  const sent = producer.message(number);
  return (
    record.timestamp === sent.timestamp &&
    nanosecondsOf(record) === sent.nanoseconds &&
    Buffer.compare(record.key ?? new Uint8Array(0), sent.key) === 0 &&
    Buffer.compare(record.value ?? new Uint8Array(0), sent.value) === 0
  );
}

function describe({ fate, seen, connection }: Entry): string {
  const before = seen === null ? "" : `, seen at ${seen.partition} offset ${seen.offset}`;
  return `${fate} on connection ${connection}${before}`;
}
