/**
 * What a broker has told about its logs, and whether all of it can be true: the checker of records.
 * Everything that anybody reads or is answered goes through here, as it comes.
 *
 * Owned data: for each partition what was seen at each offset, and the furthest watermarks; the
 * records' own fates and places are in the history. Invariant: what is known is never forgotten,
 * save for logs that need not be on the device, when the power goes.
 */
import type { BatchRecord } from "../../src/record/records.ts";
import { nanosecondsOf } from "../../src/record/nanoseconds.ts";
import type { History, ProducerHistory } from "../e2e/support/history.ts";

/** A partition, as the broker names it. */
export interface Place {
  readonly topic: string;
  readonly index: number;
}

/** Offsets that a client was told. */
export interface Marks {
  readonly start: number;
  readonly high: number;
}

/** What is known of one partition. */
interface Known {
  readonly at: Map<number, string>;
  start: number;
  high: number;
  /** What is there may have holes, of records that nobody was told of. */
  hasHoles: boolean;
  /** What only holes could excuse. */
  readonly suspicions: string[];
  /** Offsets that rot has taken. */
  readonly rotten: Set<number>;
}

const findingsMax = 12;

/** See the head of this file. */
export class Ledger {
  readonly findings: string[] = [];
  acknowledged = 0;
  seen = 0;
  readonly #places = new Map<string, Known>();

  /** @param loose topics whose records may be lost with the power */
  constructor(
    readonly history: History,
    private readonly loose: ReadonlySet<string>,
  ) {}

  note(finding: string): void {
    if (this.findings.length < findingsMax) this.findings.push(finding);
  }

  /** What is known of a partition now: what is asked now must not be answered with less. */
  marks({ topic, index }: Place): Marks {
    const { start, high } = this.#known(topic, index);
    return { start, high };
  }

  /** A broker has told these offsets to somebody who had known `before` when it asked. */
  told({ topic, index }: Place, { start, high }: Marks, before: Marks, by: string): void {
    const where = `${topic}/${index}: ${by} says`;
    if (start > high) this.note(`watermarks: ${where} start ${start} and end ${high}`);
    if (high < before.high) this.note(`watermark: ${where} ${high}, it was ${before.high} before`);
    if (start < before.start) this.note(`start: ${where} ${start}, it was ${before.start} before`);
    const known = this.#known(topic, index);
    known.start = Math.max(known.start, start);
    known.high = Math.max(known.high, high);
  }

  /**
   * Who asked for the first record that is at least as late as `time` was given one, or none.
   * @param before what was known when it was asked; nobody deletes records there
   */
  toldTime({ topic, index }: Place, time: number, offset: number | null, before: Marks): void {
    const { at, hasHoles } = this.#known(topic, index);
    if (hasHoles) return;
    const where = `${topic}/${index}: ${time} is first at ${offset}`;
    for (const other of at.keys()) {
      const timestamp = this.#timestampAt(topic, index, other);
      if (other === offset && timestamp < time) this.note(`time: ${where}, which is ${timestamp}`);
      if (other < (offset ?? before.high) && timestamp >= time)
        this.note(`time: ${where}, not ${other}`);
    }
  }

  #timestampAt(topic: string, index: number, offset: number): number {
    const [producerIndex = 0, number = 0] = namesAt(this.#known(topic, index), offset);
    return this.history.producers[producerIndex]!.message(number).timestamp;
  }

  /** A batch was acknowledged; `offset` is that of its first record, if the broker has told. */
  acked(producer: ProducerHistory, numbers: readonly number[], place: Place, offset: number): void {
    numbers.forEach((number, at) => {
      this.acknowledged += 1;
      const entry = producer.entries[number]!;
      // Nothing may be known any more of a record whose machine has lost its power meanwhile.
      if (entry.fate === "sent") producer.answered(number, "acknowledged");
      if (offset >= 0) this.#put(place, offset + at, producer, number, "acknowledged");
    });
  }

  /** Somebody has read a record. */
  saw(place: Place, record: BatchRecord): void {
    this.seen += 1;
    const where = `${place.topic}/${place.index} offset ${record.offset}`;
    const head = new TextDecoder().decode((record.value ?? new Uint8Array(0)).subarray(0, 32));
    const [, producerIndex = "", digits = ""] = /^p(\d+)-(\d+) /.exec(head) ?? [];
    const producer = this.history.producers[Number(producerIndex)];
    const number = Number(digits);
    const entry = digits === "" ? undefined : producer?.entries[number];
    if (producer === undefined || entry === undefined) return this.note(`unsent: ${where}`);
    const name = producer.nameOf(number);
    if (entry.topic !== place.topic) this.note(`misplaced: ${name} of ${entry.topic} at ${where}`);
    if (entry.partition !== null && entry.partition !== place.index) {
      this.note(`misplaced: ${name} for ${entry.partition} at ${where}`);
    }
    if (!isUnaltered(producer, number, record)) this.note(`altered: ${name} at ${where}`);
    this.#put(place, record.offset, producer, number, "read");
  }

  /**
   * The power went. What is found of loose topics may have holes, and ends where it ends.
   * @param ends where each of their partitions ends now
   */
  powerLost(ends: (place: Place) => number): void {
    for (const [key, known] of this.#places) {
      const [topic = "", index = ""] = key.split(" ");
      if (!this.loose.has(topic)) continue;
      const end = ends({ topic, index: Number(index) });
      known.hasHoles = true;
      known.high = Math.min(known.high, end);
      for (const offset of known.at.keys()) if (offset >= end) known.at.delete(offset);
    }
    for (const { entries } of this.history.producers) {
      for (const entry of entries) {
        if (!this.loose.has(entry.topic)) continue;
        entry.fate = "sent";
        entry.seen = null;
      }
    }
  }

  /** A write of several batches was torn: what nobody was told of may be missing in the middle. */
  mayHaveHoles({ topic, index }: Place): void {
    this.#known(topic, index).hasHoles = true;
  }

  /** These offsets can't be read any more: nothing that was told of them has to be true now. */
  rotted({ topic, index }: Place, from: number, to: number): void {
    const known = this.#known(topic, index);
    known.hasHoles = true;
    for (let offset = from; offset < to; offset++) known.rotten.add(offset);
  }

  hasHoles({ topic, index }: Place): boolean {
    return this.#known(topic, index).hasHoles;
  }

  /** Something that is wrong unless a write was torn there; the audit decides. */
  suspect({ topic, index }: Place, finding: string): void {
    this.#known(topic, index).suspicions.push(finding);
  }

  /**
   * All records of a partition, from its start to its end, with nothing under way.
   * @param isTotal of which producers all numbers of a partition have to be in their order
   */
  audit(
    place: Place,
    { start, high }: Marks,
    records: readonly BatchRecord[],
    isTotal: (producer: ProducerHistory) => boolean,
  ): void {
    const { topic, index } = place;
    const known = this.#known(topic, index);
    const before = this.marks(place);
    this.told(place, { start, high }, before, "the audit");
    let next = start;
    const last = new Map<string, number>();
    for (const record of records) {
      const isHole = record.offset > next && known.hasHoles;
      if (record.offset !== next && !isHole) {
        this.note(`offsets: ${topic}/${index} has ${record.offset} where ${next} is due`);
      }
      next = record.offset + 1;
      this.saw(place, record);
      const [producerIndex = 0, number = 0] = namesAt(known, record.offset);
      const producer = this.history.producers[producerIndex];
      const entry = producer?.entries[number];
      if (producer === undefined || entry === undefined) continue;
      const lane = isTotal(producer) ? `${producerIndex}` : `${producerIndex} ${entry.connection}`;
      if (number < (last.get(lane) ?? -1)) {
        this.note(`reordered: ${producer.nameOf(number)} in ${topic}/${index}`);
      }
      last.set(lane, Math.max(number, last.get(lane) ?? -1));
    }
    if (!known.hasHoles) for (const finding of known.suspicions) this.note(finding);
    if (next !== high && !known.hasHoles) {
      this.note(`offsets: ${topic}/${index} ends at ${next}, its watermark is ${high}`);
    }
    // What was known of a loose topic before the power went may be gone with it.
    if (known.hasHoles && this.loose.has(topic)) return;
    this.#checkPresence(place, start, new Set(records.map(({ offset }) => offset)));
  }

  /** What was acknowledged without an offset and is not in any partition of its topic. */
  auditUnplaced(topic: string): void {
    const lost: string[] = [];
    for (const producer of this.history.producers) {
      producer.entries.forEach((entry, number) => {
        if (entry.topic !== topic || entry.fate !== "acknowledged" || entry.seen !== null) return;
        lost.push(`lost: ${producer.nameOf(number)} of ${topic}, acknowledged and nowhere`);
      });
    }
    // Some may have been where rot was.
    let excused = 0;
    for (const [key, { at, rotten }] of this.#places) {
      if (!key.startsWith(`${topic} `)) continue;
      for (const offset of rotten) if (!at.has(offset)) excused += 1;
    }
    if (lost.length > excused) for (const finding of lost) this.note(finding);
  }

  #checkPresence({ topic, index }: Place, start: number, present: ReadonlySet<number>): void {
    const { at, rotten } = this.#known(topic, index);
    for (const [offset, name] of at) {
      if (offset < start || present.has(offset) || rotten.has(offset)) continue;
      this.note(`lost: ${name} at ${topic}/${index} offset ${offset}, known before`);
    }
  }

  #put(
    { topic, index }: Place,
    offset: number,
    producer: ProducerHistory,
    number: number,
    how: string,
  ): void {
    const { at, rotten } = this.#known(topic, index);
    const name = producer.nameOf(number);
    const there = at.get(offset);
    const where = `${topic}/${index} offset ${offset}`;
    if (there !== undefined && there !== name && !rotten.has(offset)) {
      this.note(`inconsistent: ${name} was ${how} at ${where}, where ${there} was`);
    }
    at.set(offset, name);
    const entry = producer.entries[number]!;
    const { seen } = entry;
    const isElsewhere = seen !== null && (seen.partition !== index || seen.offset !== offset);
    if (
      seen !== null &&
      isElsewhere &&
      !this.#known(topic, seen.partition).rotten.has(seen.offset)
    ) {
      this.note(`duplicate: ${name} was ${how} at ${where} and is at ${seen.offset} too`);
    }
    entry.seen ??= { partition: index, offset };
  }

  #known(topic: string, index: number): Known {
    const key = `${topic} ${index}`;
    let known = this.#places.get(key);
    if (known === undefined) {
      known = {
        at: new Map(),
        start: 0,
        high: 0,
        hasHoles: false,
        suspicions: [],
        rotten: new Set(),
      };
      this.#places.set(key, known);
    }
    return known;
  }
}

/** Producer and number of what is known at an offset. */
function namesAt(known: Known, offset: number): readonly number[] {
  const name = known.at.get(offset) ?? "";
  return name.slice(1).split("-").map(Number);
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
