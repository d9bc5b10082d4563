/**
 * What a test does to the disk in memory: the log of operations, failures on demand, gates that
 * keep operations pending, and the moment at which the machine stops.
 *
 * An operation has two halves. Its effect that processes can see happens when it is called; its
 * durable effect and its result come when it settles, some microtasks later or when its gate opens.
 * So a machine that stops in between finds it done in the page cache and not on the device.
 */
import { DiskError } from "../../src/disk/disk.ts";
import type { DiskErrorKind } from "../../src/disk/disk.ts";

export type Operation =
  | "append"
  | "close"
  | "volume"
  | "list"
  | "makeDirectory"
  | "map"
  | "open"
  | "read"
  | "readWhole"
  | "remove"
  | "rename"
  | "size"
  | "sync"
  | "syncDirectory"
  | "truncate"
  | "writeAt"
  | "writeWhole";

/** One line of the log; a rename's path is where it renames from. */
export interface Logged {
  readonly operation: Operation;
  readonly path: string;
}

/** A whole path, or an expression that is looked for in it. */
export type PathPattern = string | RegExp;

export interface FailureOptions {
  /** How many matching operations succeed first. */
  readonly after?: number;
  /** An append or writeAt gets so many bytes into the page cache before it fails. */
  readonly partialBytes?: number;
  /** Every later one fails too, until the failure is taken back. */
  readonly forever?: boolean;
}

/** What an operation that fails on demand fails with. */
export interface Failure {
  readonly error: DiskError;
  readonly partialBytes: number;
}

/** Keeps operations pending. */
export interface Gate {
  /** How many operations wait now. */
  readonly waiting: number;
  /** Resolves as soon as one operation waits. */
  reached(): Promise<void>;
  /** Lets the oldest one settle; later ones are still kept. */
  releaseOne(): void;
  /** Lets all settle, and those to come. */
  release(): void;
}

/**
 * How long an operation takes: it is asked before each one begins, which settles when that promise
 * has. `null`: the machine has just stopped, so this one neither begins nor settles.
 */
export type Pace = (operation: Operation, path: string) => Promise<void> | null;

/** What one operation does; see the head of this file. */
export interface Effects<T> {
  /** The half that processes see. Returns the other half, which also gives the result. */
  begin(): () => T;
  /** Instead of `begin`, if the operation fails on demand. */
  fail?(failure: Failure): void;
}

interface PlannedFailure {
  readonly operation: Operation;
  readonly path: PathPattern;
  readonly kind: DiskErrorKind;
  readonly partialBytes: number;
  readonly forever: boolean;
  after: number;
}

interface Hold extends Gate {
  readonly operation: Operation;
  readonly path: PathPattern;
  wait(): Promise<void>;
}

/** See the head of this file. */
export class Faults {
  readonly log: Logged[] = [];
  private failures: PlannedFailure[] = [];
  private holds: Hold[] = [];
  private haltAt = Number.POSITIVE_INFINITY;
  /** Use: set by a simulator, which decides when things happen. */
  pace: Pace = () => atOnce;
  private stopped = false;

  failNext(
    operation: Operation,
    path: PathPattern,
    kind: DiskErrorKind,
    options: FailureOptions,
  ): () => void {
    const { after = 0, partialBytes = 0, forever = false } = options;
    const planned = { operation, path, kind, partialBytes, forever, after };
    this.failures.push(planned);
    return () => this.forget(planned);
  }

  hold(operation: Operation, path: PathPattern): Gate {
    const hold = newHold(operation, path, () => {
      this.holds = this.holds.filter((other) => other !== hold);
    });
    this.holds.push(hold);
    return hold;
  }

  /** The operation with this number in the log begins and never settles; none begins after it. */
  haltAtOperation(index: number): void {
    this.haltAt = index;
  }

  /** From now on nothing begins and nothing settles but by rejection. */
  stop(): void {
    this.stopped = true;
    for (const hold of this.holds) hold.release();
  }

  /** Begins at once. An assertion is thrown from here; every other failure is a rejection. */
  run<T>(operation: Operation, path: string, effects: Effects<T>): Promise<T> {
    const pace = this.pace(operation, path);
    // One of its own: a shared one would keep whoever waits for it in memory for ever.
    if (pace === null) return new Promise(() => {});
    return this.settle(operation, path, this.begin(operation, path, effects), pace);
  }

  /** The same for an operation that is synchronous: gates do not keep it. */
  runNow<T>(operation: Operation, path: string, effects: Effects<T>): T {
    const finish = this.begin(operation, path, effects);
    this.refuseIfStopped(operation, path);
    return finish();
  }

  private async settle<T>(
    operation: Operation,
    path: string,
    finish: () => T,
    pace: Promise<void>,
  ): Promise<T> {
    const hold = this.holds.find((one) => matches(one, operation, path));
    await (hold === undefined ? pace : hold.wait());
    this.refuseIfStopped(operation, path);
    return finish();
  }

  private begin<T>(operation: Operation, path: string, effects: Effects<T>): () => T {
    try {
      this.refuseIfStopped(operation, path);
      if (this.log.length >= this.haltAt) this.stop();
      this.log.push({ operation, path });
      const failure = this.failureOf(operation, path);
      if (failure === undefined) return effects.begin();
      effects.fail?.(failure);
      throw failure.error;
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      return () => {
        throw error;
      };
    }
  }

  private failureOf(operation: Operation, path: string): Failure | undefined {
    for (const planned of this.failures) {
      if (!matches(planned, operation, path)) continue;
      if (planned.after > 0) {
        planned.after--;
        continue;
      }
      if (!planned.forever) this.forget(planned);
      const error = new DiskError(planned.kind, operation, path, `injected: ${planned.kind}`);
      return { error, partialBytes: planned.partialBytes };
    }
    return undefined;
  }

  private forget(planned: PlannedFailure): void {
    this.failures = this.failures.filter((other) => other !== planned);
  }

  private refuseIfStopped(operation: Operation, path: string): void {
    if (this.stopped) throw new DiskError("failed", operation, path, "the machine has stopped");
  }
}

const atOnce = Promise.resolve();

function matches(
  wanted: { readonly operation: Operation; readonly path: PathPattern },
  operation: Operation,
  path: string,
): boolean {
  if (wanted.operation !== operation) return false;
  return typeof wanted.path === "string" ? wanted.path === path : wanted.path.test(path);
}

function newHold(operation: Operation, path: PathPattern, removed: () => void): Hold {
  const waiting: (() => void)[] = [];
  const watchers: (() => void)[] = [];
  return {
    operation,
    path,
    get waiting() {
      return waiting.length;
    },
    wait() {
      return new Promise((resolve) => {
        waiting.push(resolve);
        for (const watcher of watchers.splice(0)) watcher();
      });
    },
    reached() {
      return new Promise((resolve) => {
        if (waiting.length > 0) resolve();
        else watchers.push(resolve);
      });
    },
    releaseOne() {
      waiting.shift()?.();
    },
    release() {
      removed();
      for (const resume of waiting.splice(0)) resume();
    },
  };
}
