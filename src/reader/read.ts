/**
 * Reading a data directory: one partition after another, each in the order of its offsets, records
 * and damage alike; then, if it is to be followed, what comes. Only files are read, whether or not
 * a broker is writing them; of a live directory only what was acknowledged is seen.
 */
import type { Clock } from "../base/clock.ts";
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import type { LogEnvironment } from "../log/environment.ts";
import { LogView } from "../log/view.ts";
import type { Place } from "../original/messages.ts";
import type { OriginalLog } from "../original/layout.ts";
import { findPartitions, type FoundPartition } from "./directory.ts";
import type { ReadItem } from "./item.ts";
import { countOriginal, firstPlace, readOriginal } from "./read-original.ts";
import { readSegments } from "./read-segments.ts";
import { selectsPartition, type Selection } from "./selection.ts";

/** What {@link readDirectory} is told. */
export interface ReadOptions {
  readonly selection: Selection;
  /** Whether a broker owns the directory now. */
  readonly isLive: () => boolean | Promise<boolean>;
  /** To go on looking for more, so often, until the signal is aborted. */
  readonly follow?: { readonly pollMs: number; readonly signal: AbortSignal };
}

/**
 * See the head of this file.
 * @param environment read only, on the directory
 */
export async function* readDirectory(
  environment: LogEnvironment,
  options: ReadOptions,
): AsyncGenerator<ReadItem, void, undefined> {
  const reader = new DirectoryReader(environment, options);
  const { follow } = options;
  try {
    for (;;) {
      yield* reader.pass();
      if (follow === undefined || follow.signal.aborted) return;
      await pause(environment.clock, follow.pollMs, follow.signal);
      if (follow.signal.aborted) return;
    }
  } finally {
    await reader.close();
  }
}

/** Resolves after the time, or as soon as the signal is aborted. */
function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      cancel();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const cancel = clock.after(delayMs, done);
    signal.addEventListener("abort", done);
  });
}

/** A partition of ours that is being followed. */
interface Followed {
  readonly view: LogView;
  generation: number;
  /** `null`: nothing was read yet. */
  next: Offset | null;
}

class DirectoryReader {
  readonly #followed = new Map<string, Followed>();
  readonly #places = new Map<string, Place>();

  constructor(
    private readonly environment: LogEnvironment,
    private readonly options: ReadOptions,
  ) {}

  /** Everything that was not read yet, of all partitions that are there now. */
  async *pass(): AsyncGenerator<ReadItem, void, undefined> {
    const directory = await findPartitions(this.environment.disk);
    if (directory instanceof Refusal) {
      yield { kind: "stopped", found: null, refusal: directory };
      return;
    }
    for (const found of directory.partitions) {
      if (!selectsPartition(this.options.selection, found)) continue;
      if (found.source.kind === "own") yield* this.#own(found, found.source.directory);
      else yield* this.#original(found, found.source.log);
    }
  }

  async close(): Promise<void> {
    for (const { view } of this.#followed.values()) await view.close();
  }

  async *#own(found: FoundPartition, directory: string): AsyncGenerator<ReadItem, void, undefined> {
    const followed = this.#followed.get(directory) ?? this.#newlyFollowed(directory);
    const { view } = followed;
    const refusal = await view.refresh();
    if (refusal !== null) {
      yield { kind: "stopped", found, refusal };
      return;
    }
    if (followed.generation !== view.generation) {
      followed.generation = view.generation;
      if (followed.next !== null) yield { kind: "replaced", found };
      followed.next = followed.next === null ? null : view.startOffset;
    }
    const wanted = followed.next ?? this.#beginning(view);
    if (wanted < view.startOffset) {
      const toOffset = view.startOffset;
      yield { kind: "trimmed", found, fromOffset: wanted, toOffset };
    }
    followed.next = offset(Math.max(wanted, view.startOffset));
    const reading = { view, found, selection: this.options.selection };
    followed.next = yield* readSegments(reading, followed.next);
    if (this.options.follow === undefined) await this.#forget(directory);
  }

  #newlyFollowed(directory: string): Followed {
    const view = new LogView(this.environment, directory, this.options.isLive);
    const followed: Followed = { view, generation: 0, next: null };
    this.#followed.set(directory, followed);
    return followed;
  }

  async #forget(directory: string): Promise<void> {
    await this.#followed.get(directory)?.view.close();
    this.#followed.delete(directory);
  }

  #beginning(view: LogView): Offset {
    const { fromOffset, last } = this.options.selection;
    const newest = last === undefined ? 0 : view.visibleOffset - last;
    const from = Math.max(fromOffset ?? view.startOffset, newest);
    return offset(Math.max(from, last === undefined ? 0 : view.startOffset));
  }

  async *#original(
    found: FoundPartition,
    log: OriginalLog,
  ): AsyncGenerator<ReadItem, void, undefined> {
    const { disk } = this.environment;
    const place = this.#places.get(log.logPath);
    let { selection } = this.options;
    if (selection.last !== undefined && place === undefined) {
      const newest = Math.max(0, (await countOriginal(disk, log)) - selection.last);
      selection = { ...selection, fromOffset: Math.max(selection.fromOffset ?? 0, newest) };
    }
    const isFollowed = this.options.follow !== undefined;
    const reading = { disk, found, log, selection, isFollowed };
    this.#places.set(log.logPath, yield* readOriginal(reading, place ?? firstPlace));
  }
}
