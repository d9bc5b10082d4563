/**
 * Has a target's subjects take inputs: those of the corpus, those that need no chance, and then
 * those of chance, as many as are wanted. An input whose outcome is new is kept, and others are
 * made of it. The first one that fails ends the run; it is made as small as it fails.
 */
import { type Random, seededRandom } from "../../src/base/random.ts";
import { AllocationMeter } from "./allocation.ts";
import { minimized } from "./minimize.ts";
import type { Case, Subject, Target } from "./target.ts";

/** A machine that is busy makes things slow by chance: what is slow is slow each time. */
const slowAttempts = 4;
/** Inputs that others are made of. */
const keptMax = 4_000;

/** How long, and from what. */
export interface Run {
  readonly seed: number;
  /** Inputs of chance. */
  readonly inputs: number;
  /** It ends after so long. */
  readonly seconds: number;
  readonly corpus: Iterable<Case>;
  /** Whether {@link Target.systematic} comes first. */
  readonly isSystematic: boolean;
  /** Milliseconds of processor time that one input may take. */
  readonly inputMsMax: number;
}

/** What went wrong. */
export interface Failure {
  readonly finding: string;
  readonly inputs: Case;
}

/** What came of a run. */
export interface Report {
  readonly inputs: number;
  readonly seconds: number;
  /** Of processor time, those threads included that collect garbage and compile. */
  readonly processorSeconds: number;
  readonly outcomes: ReadonlyMap<string, number>;
  /** Processor time of the slowest input, and the buffers of the greediest one. */
  readonly slowestMs: number;
  readonly allocatedBytes: number;
  readonly failure: Failure | null;
}

/** See the head of this file. */
export async function fuzz(target: Target, run: Run): Promise<Report> {
  return await new Fuzzing(target, run).report();
}

/** Has a new subject take a case; what is wrong, or `null`. */
async function findingOf(target: Target, inputs: Case): Promise<string | null> {
  using life = await Life.open(target);
  for (const input of inputs) await life.take(input);
  await life.end();
  return life.finding;
}

/** One subject, watched. */
class Life implements Disposable {
  finding: string | null = null;
  outcome: readonly string[] = [];
  slowestMs = 0;
  allocatedBytes = 0;
  readonly taken: Uint8Array[] = [];

  private constructor(
    private readonly target: Target,
    private readonly subject: Subject,
    private readonly meter: AllocationMeter,
  ) {}

  static async open(target: Target): Promise<Life> {
    const subject = await target.open();
    return new Life(target, subject, new AllocationMeter());
  }

  async take(input: Uint8Array): Promise<void> {
    if (this.finding !== null) return;
    this.taken.push(input);
    const before = this.meter.bytes;
    const cpu = process.threadCpuUsage();
    const error = await thrownBy(async () => {
      this.outcome = await this.subject.take(input);
    });
    const { user, system } = process.threadCpuUsage(cpu);
    const ms = this.subject.longestMs ?? (user + system) / 1000;
    this.slowestMs = Math.max(this.slowestMs, ms);
    const allocated = this.meter.bytes - before;
    this.allocatedBytes = Math.max(this.allocatedBytes, allocated);
    if (error !== null) this.finding = error;
    else if (allocated > 2 * input.length + this.target.allocatedBytesMax) {
      this.finding = `${input.length} bytes have had buffers of ${allocated} made`;
    }
  }

  async end(): Promise<void> {
    const error = await thrownBy(() => this.subject.close());
    this.finding ??= error;
  }

  [Symbol.dispose](): void {
    this.meter[Symbol.dispose]();
  }
}

/** What an action throws, with where it comes from. */
async function thrownBy(action: () => Promise<void>): Promise<string | null> {
  try {
    await action();
    return null;
  } catch (error) {
    if (!(error instanceof Error)) return String(error);
    if (error.name === "Finding") return error.message;
    const [where = ""] = /\bat .*/.exec(error.stack ?? "") ?? [];
    return `${error.name} escapes: ${error.message} ${where}`;
  }
}

class Fuzzing {
  readonly #random: Random;
  readonly #kept: Uint8Array[] = [];
  readonly #outcomes = new Map<string, number>();
  #life: Life | null = null;
  #inputs = 0;
  #slowestMs = 0;
  #allocatedBytes = 0;
  #failure: Failure | null = null;

  constructor(
    private readonly target: Target,
    private readonly run: Run,
  ) {
    this.#random = seededRandom(run.seed);
  }

  async report(): Promise<Report> {
    const begun = performance.now();
    const cpu = process.cpuUsage();
    const seconds = (): number => (performance.now() - begun) / 1000;
    for (const one of this.run.corpus) {
      for (const input of one) await this.#take(input);
      await this.#endLife();
    }
    if (this.run.isSystematic) {
      for (const input of this.target.systematic()) {
        if (this.#failure !== null || seconds() > this.run.seconds) break;
        await this.#take(input);
      }
    }
    for (let left = this.run.inputs; left > 0; left--) {
      if (this.#failure !== null || seconds() > this.run.seconds) break;
      await this.#take(this.target.generate(this.#random, this.#kept));
    }
    await this.#endLife();
    const { user, system } = process.cpuUsage(cpu);
    return {
      inputs: this.#inputs,
      seconds: seconds(),
      processorSeconds: (user + system) / 1e6,
      outcomes: this.#outcomes,
      slowestMs: this.#slowestMs,
      allocatedBytes: this.#allocatedBytes,
      failure: this.#failure,
    };
  }

  async #take(input: Uint8Array): Promise<void> {
    if (this.#failure !== null) return;
    this.#life ??= await Life.open(this.target);
    const life = this.#life;
    life.slowestMs = 0;
    await life.take(input);
    this.#inputs += 1;
    if (life.finding !== null) return await this.#endLife();
    this.#note(input, life.outcome);
    if (life.slowestMs > this.run.inputMsMax) await this.#judgeSlow(input, life.slowestMs);
    else this.#slowestMs = Math.max(this.#slowestMs, life.slowestMs);
    if (life.taken.length >= this.target.inputsPerSubject) await this.#endLife();
  }

  #note(input: Uint8Array, outcome: readonly string[]): void {
    let isNew = false;
    for (const word of outcome) {
      const count = this.#outcomes.get(word) ?? 0;
      this.#outcomes.set(word, count + 1);
      isNew ||= count === 0;
    }
    if (!isNew) return;
    if (this.#kept.length < keptMax) this.#kept.push(input);
    else this.#kept[this.#random.below(keptMax)] = input;
  }

  /** What was slow by chance is not slow again. */
  async #judgeSlow(input: Uint8Array, firstMs: number): Promise<void> {
    let leastMs = firstMs;
    for (let left = slowAttempts; left > 0 && leastMs > this.run.inputMsMax; left--) {
      using life = await Life.open(this.target);
      await life.take(input);
      leastMs = Math.min(leastMs, life.slowestMs);
      await life.end();
    }
    this.#slowestMs = Math.max(this.#slowestMs, leastMs);
    if (leastMs <= this.run.inputMsMax) return;
    this.#failure = { finding: `takes ${leastMs.toFixed(0)} ms at least`, inputs: [input] };
  }

  async #endLife(): Promise<void> {
    const life = this.#life;
    if (life === null) return;
    this.#life = null;
    await life.end();
    life[Symbol.dispose]();
    this.#allocatedBytes = Math.max(this.#allocatedBytes, life.allocatedBytes);
    if (life.finding === null || this.#failure !== null) return;
    const { finding, taken } = life;
    const inputs = await minimized(taken, (some) => findingOf(this.target, some));
    this.#failure = { finding: (await findingOf(this.target, inputs)) ?? finding, inputs };
  }
}
