/**
 * One story: a broker that lives, dies and lives again on one disk, with many clients around it,
 * all of it chosen by one seed. Ends with a life without faults, in which everything must come
 * right, and with everything held against everything.
 */
import { assert } from "../../src/base/assert.ts";
import type { LogFields } from "../../src/base/logger.ts";
import { type Random, seededRandom } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { History } from "../e2e/support/history.ts";
import { MemoryDisk } from "../fake/disk.ts";
import { MemoryMetadata } from "../fake/metadata.ts";
import { Cast, lasting, topics } from "./cast.ts";
import { compareLives } from "./compare.ts";
import { Ledger, type Place } from "./ledger.ts";
import { Machine } from "./machine.ts";
import { SimulatedNetwork } from "./network.ts";
import { type Filled, type LifePlan, type Plan, planOf } from "./plan.ts";
import { readPartition } from "./reading.ts";
import { rot } from "./rot.ts";
import { Scheduler } from "./scheduler.ts";
import { type DiskHabits, healthyDisk } from "./world.ts";

/** How a story went. */
export interface Told {
  readonly seed: number;
  readonly findings: readonly string[];
  readonly hash: number;
  readonly events: number;
  /** Times at which the broker began on what an earlier one had left. */
  readonly recoveries: number;
  readonly acknowledged: number;
  readonly seen: number;
  readonly lines: readonly string[];
}

/** Events that no story may see. */
const faults = new Set(["session failed"]);
/** The row of the recovery table for a write that reached the device in parts. */
const tornWrite = "damage above the floor, good batches behind it";
/** The row of a log whose first records are not there. */
const noStart = "records missing before the first segment";
/** The longest that anything may take in a world without faults. */
const patienceMs = 30_000;

/** Lines of a story that are kept where nobody asks for more. */
const linesKept = 1_000;

/** Tells the story of a seed, and keeps the last lines of it. */
export async function tell(seed: number, linesMax = linesKept): Promise<Told> {
  const story = new Story(seed, linesMax);
  return await story.tell();
}

/** See the head of this file. */
class Story {
  readonly #random: Random;
  readonly #plan: Plan;
  readonly #scheduler: Scheduler;
  readonly #network: SimulatedNetwork;
  readonly #ledger: Ledger;
  readonly #cast: Cast;
  #disk = new MemoryDisk();
  #metadata = new MemoryMetadata();
  #habits: DiskHabits = healthyDisk;
  #machine: Machine | null = null;
  #wallMs = 1_754_705_528_480;
  #recoveries = 0;
  /** Whether a disk has failed since the last life that began in peace. */
  #hasFailed = false;

  constructor(
    private readonly seed: number,
    linesMax: number,
  ) {
    this.#scheduler = new Scheduler(linesMax);
    this.#random = seededRandom(seed);
    this.#plan = planOf(seed, this.#random);
    const chance = (): Random => seededRandom(this.#random.below(2 ** 32));
    this.#network = new SimulatedNetwork(this.#scheduler, chance(), this.#plan.network);
    const history = new History(Cast.producers);
    this.#ledger = new Ledger(history, new Set([topics.loose]));
    this.#cast = new Cast({
      scheduler: this.#scheduler,
      network: this.#network,
      ledger: this.#ledger,
      random: chance(),
      plan: this.#plan,
      machine: () => this.#machine,
    });
  }

  async tell(): Promise<Told> {
    try {
      await this.#begin();
      for (const life of this.#plan.lives) {
        await this.#live(life);
        if (this.#ledger.findings.length > 0) break;
      }
      if (this.#ledger.findings.length === 0) await this.#end();
    } catch (error) {
      this.#ledger.note(`thrown: ${error instanceof Error ? error.stack : String(error)}`);
    }
    this.#machine?.fuse.blow();
    const { hash, events, lines } = this.#scheduler;
    const { findings, acknowledged, seen } = this.#ledger;
    const recoveries = this.#recoveries;
    return { seed: this.seed, findings, hash, events, recoveries, acknowledged, seen, lines };
  }

  /** A first life in peace, in which the topics are made. */
  async #begin(): Promise<void> {
    const machine = this.#newMachine();
    assert((await this.#await(machine.start())) === null, "an empty disk has a broker");
    const { broker } = machine;
    assert(broker !== null, "it has started");
    for (const { name, partitionCount, config } of lasting) {
      const asked = { name, partitionCount, config: config(this.#plan) };
      const made = await this.#await(broker.createTopic(asked));
      assert(!(made instanceof Refusal), "a topic can be made");
    }
    this.#cast.begin();
    await this.#scheduler.run(this.#scheduler.now + 5);
    await this.#die({ end: "kill" });
  }

  async #live(life: LifePlan): Promise<void> {
    const scheduler = this.#scheduler;
    scheduler.note(`a life: ${JSON.stringify(life)}`);
    this.#habits = life.disk;
    this.#hasFailed ||= life.disk.failOneIn > 0;
    this.#network.habits = { ...this.#plan.network, breakEveryBytes: life.breakEveryBytes };
    this.#disk.capacityBytes = Infinity;
    if (life.filled !== null) this.#fill(life.filled);
    const machine = this.#newMachine();
    if (life.steps > 0) machine.fuse.left = life.steps;
    machine.fuse.countsNames = life.countsNames;
    const until = scheduler.now + life.lastsMs;
    const starting = machine.start();
    void starting.then((refusal) => {
      if (refusal !== null) this.#notStarted(life, refusal);
      this.#begun(machine);
    });
    const jumpAt = scheduler.now + this.#random.next() * life.lastsMs;
    await scheduler.run(jumpAt, () => machine.fuse.isBlown);
    machine.clock.wallMs += life.jumpMs;
    this.#wallMs += life.jumpMs;
    await scheduler.run(until, () => machine.fuse.isBlown);
    this.#checkBounds(machine);
    if (life.end === "stop" && machine.broker !== null && !machine.fuse.isBlown) {
      if (life.stopSteps > 0) machine.fuse.left = life.stopSteps;
      let isDone = false;
      void machine.stop().then(() => {
        isDone = true;
      });
      await scheduler.run(scheduler.now + patienceMs, () => isDone || machine.fuse.isBlown);
      if (!isDone && !machine.fuse.isBlown) this.#ledger.note("liveness: the broker does not stop");
    }
    await this.#die(life);
  }

  #fill({ roomBytes, fromMs, toMs }: Filled): void {
    const disk = this.#disk;
    const fill = (): void => {
      disk.capacityBytes = disk.usedBytes + roomBytes;
    };
    if (fromMs === 0) fill();
    else this.#scheduler.after(fromMs, fill);
    this.#scheduler.after(toMs, () => {
      disk.capacityBytes = Infinity;
    });
  }

  /** Where no operation fails, nothing may keep a broker from its start, nor may a full disk. */
  #notStarted({ disk: { failOneIn, exhaustOneIn } }: LifePlan, refusal: Refusal): void {
    this.#scheduler.note(`not started: ${refusal}`);
    if (failOneIn + exhaustOneIn === 0) this.#ledger.note(`start: refused: ${refusal}`);
  }

  /** A life in peace: everything that was begun is finished, and everything is looked at. */
  async #end(): Promise<void> {
    this.#habits = healthyDisk;
    this.#network.habits = this.#plan.network;
    const scheduler = this.#scheduler;
    const machine = this.#newMachine();
    const refused = await this.#await(machine.start());
    if (refused !== null) return this.#ledger.note(`start: refused on a disk in order: ${refused}`);
    this.#begun(machine);
    const { broker, groups } = machine;
    if (broker === null || groups === null) return;
    // Some partitions may have been too many for the disk, and are tried again.
    await scheduler.run(scheduler.now + 20);
    // Nobody has to start anew because there is room again.
    this.#disk.capacityBytes = Infinity;
    this.#cast.world.isEnding = true;
    const isFinished = this.#cast.finished();
    await this.#await(isFinished, "clients do not finish");
    this.#cast.world.isOver = true;
    await this.#await(this.#cast.ended(), "clients do not end");
    // Members that are gone are waited for, a minute, and then their connections are idle.
    await scheduler.run(scheduler.now + 75_000);
    await this.#audit(machine);
    this.#cast.checkGroup();
    this.#checkQuiet(machine);
    if (this.#ledger.findings.length > 0) return;
    await this.#compare(machine);
    await this.#await(machine.stop(), "the broker does not stop");
  }

  async #audit({ broker }: Machine): Promise<void> {
    for (const [topic, count] of this.#cast.topics) {
      for (let index = 0; index < count; index++) {
        const partition = broker?.topic(topic)?.partitions[index];
        if (partition === undefined) return this.#ledger.note(`lost: partition ${topic}/${index}`);
        const found = await this.#await(readPartition(partition));
        const { stopped, records } = found ?? { stopped: null, records: [] };
        // A machine that died before it could tell of a torn write has left a hole all the same.
        const isRotten = this.#ledger.hasHoles({ topic, index });
        const isExcused = this.#wasTorn || topic === topics.loose || isRotten;
        if (stopped?.code === "CORRUPT_MESSAGE" && isExcused) {
          this.#ledger.mayHaveHoles({ topic, index });
        } else if (stopped !== null) this.#ledger.note(`unreadable: ${topic}/${index}: ${stopped}`);
        const { startOffset: start } = partition.log;
        const marks = { start, high: partition.highWatermark };
        this.#ledger.audit({ topic, index }, marks, records, this.#cast.isTotal);
      }
    }
    this.#ledger.auditUnplaced(topics.steady);
  }

  /** What lives must be what the next one finds. */
  async #compare(machine: Machine): Promise<void> {
    const isLost = this.#random.below(2) === 0;
    const disk = isLost ? this.#disk.clone().crash({ keep: "synced" }) : this.#disk.clone();
    const next = this.#newMachine(disk, this.#metadata.reopened());
    const refused = await this.#await(next.start());
    if (refused !== null) return this.#ledger.note(`start: a copy is refused: ${refused}`);
    const isSame = (topic: string): boolean => !isLost || topic !== topics.loose;
    const hasHoles = (place: Place): boolean => this.#ledger.hasHoles(place);
    const comparing = compareLives(machine, next, isSame, hasHoles);
    for (const difference of (await this.#await(comparing)) ?? []) {
      this.#ledger.note(`replay: ${difference}`);
    }
    next.fuse.blow();
  }

  /** Ends the machine; what it leaves is what the next one finds. */
  async #die({ end }: Pick<LifePlan, "end">): Promise<void> {
    const machine = this.#machine;
    assert(machine !== null, "whoever dies has lived");
    machine.fuse.blow();
    this.#machine = null;
    this.#scheduler.note(`the end: ${end}`);
    const random = seededRandom(this.#random.below(2 ** 32));
    if (end === "garbled") this.#disk.garbleUnsynced(random);
    const isKept = end === "kill" || end === "stop";
    if (isKept) this.#disk = this.#disk.crash({ keep: "all" });
    else if (end === "synced") this.#disk = this.#disk.crash({ keep: "synced" });
    else this.#disk = this.#disk.crash({ random });
    this.#isTorn ||= !isKept;
    this.#wasTorn ||= end === "power" || end === "garbled";
    if (this.#plan.isRotting) await this.#rot();
    this.#metadata = this.#metadata.reopened();
    this.#recoveries += 1;
    // Until the last bytes of that life have arrived, or never will.
    await this.#scheduler.run(this.#scheduler.now + 4 * this.#plan.network.delayMs + 1);
  }

  async #rot(): Promise<void> {
    const { topics: all } = this.#cast;
    const note = (line: string): void => this.#scheduler.note(line);
    const lost = await rot(this.#disk, seededRandom(this.#random.below(2 ** 32)), all, note);
    // Now they may well say that records are lost.
    this.#hasFailed = true;
    for (const { place, from, to } of lost) this.#ledger.rotted(place, from, to);
  }

  /** The power went, and nobody has looked yet at what it has left. */
  #isTorn = false;
  /** Some write may have reached the device in parts. */
  #wasTorn = false;

  #begun(machine: Machine): void {
    if (!this.#isTorn) return;
    this.#isTorn = false;
    const { broker } = machine;
    const end = ({ topic, index }: Place): number =>
      broker?.topic(topic)?.partitions[index]?.log.endOffset ?? 0;
    this.#ledger.powerLost(end);
  }

  #newMachine(disk = this.#disk, metadata = this.#metadata): Machine {
    const machine = new Machine({
      scheduler: this.#scheduler,
      random: this.#random,
      disk,
      metadata,
      shape: this.#plan.shape,
      habits: () => this.#habits,
      wallMs: this.#wallMs,
      onEvent: (_level, event, fields) => this.#heard(event, fields),
    });
    if (disk === this.#disk) this.#machine = machine;
    return machine;
  }

  #heard(event: string, fields: LogFields): void {
    if (faults.has(event)) this.#ledger.note(`event: ${event} ${JSON.stringify(fields)}`);
    if (event !== "acknowledged records lost") return;
    const [, topic = "", index = ""] = String(fields["log"]).split("/");
    // Several batches of one write, of which the device has a later one and not an earlier one:
    // nobody was told of any of them, but recovery can't know that. See README.md.
    if (fields["row"] === tornWrite) this.#ledger.mayHaveHoles({ topic, index: Number(index) });
    // On a full disk the oldest segment goes before the start is written: whoever died in between
    // has left nothing that tells of it.
    else if (this.#plan.isScarce && topic === topics.trimmed && fields["row"] === noStart) return;
    else if (!this.#hasFailed && topic !== topics.loose)
      this.#ledger.note(`alarm: ${event} where nothing was lost: ${JSON.stringify(fields)}`);
  }

  /** Bounds that hold at any time. */
  #checkBounds({ environment, network }: Machine): void {
    const { cache, files } = environment;
    // At most the budget, or one batch.
    const cachedMax = Math.max(cache.budgetBytes, 16 * 1024);
    if (cache.heldBytes > cachedMax) this.#ledger.note(`memory: ${cache.heldBytes} bytes cached`);
    if (files.openCount > this.#plan.shape.filesOpenMax)
      this.#ledger.note("memory: too many files");
    const { used } = network.budget;
    if (used > 2 * network.limits.inFlightBytesMax) this.#ledger.note(`memory: ${used} in flight`);
  }

  /** Nobody is connected any more: nothing may be held for anybody. */
  #checkQuiet(machine: Machine): void {
    this.#checkBounds(machine);
    const { network } = machine;
    if (network.open > 0) this.#ledger.note(`memory: ${network.open} connections are left`);
    if (network.budget.used !== 0) this.#ledger.note(`memory: ${network.budget.used} bytes held`);
  }

  /** Lets things happen until `promise` has resolved. */
  async #await<T>(promise: Promise<T>, complaint = "nothing happens any more"): Promise<T | null> {
    let found: { value: T } | null = null;
    void promise.then((value) => {
      found = { value };
    });
    const scheduler = this.#scheduler;
    await scheduler.run(scheduler.now + patienceMs, () => found !== null);
    const result: { value: T } | null = found;
    if (result !== null) return (result as { value: T }).value;
    this.#ledger.note(`liveness: ${complaint}`);
    return null;
  }
}
