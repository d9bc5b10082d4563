/**
 * Group commit: the way of appended batches to the disk. One write is under way at a time; what is
 * appended meanwhile goes out together in the next one, so groups grow with load by themselves.
 * A group starts at once when nothing is under way, or after the linger time, or when it is full.
 */
import { assert } from "../base/assert.ts";
import type { Cancel } from "../base/clock.ts";
import { Refusal } from "../base/refusal.ts";
import { DiskError, type DiskFile, type OpenMode } from "../disk/disk.ts";
import { commitGroupBytesMax, commitGroupChunksMax } from "../limits.ts";
import type { CachedPiece } from "./cache.ts";
import type { LogEnvironment } from "./environment.ts";
import type { Durability } from "./log.ts";
import type { Mark, Segment } from "./segment.ts";

/** One appended batch on its way. */
export interface Write {
  readonly segment: Segment;
  readonly piece: CachedPiece;
  /** The segment's end with this batch. */
  readonly end: Mark;
  readonly settle: (refusal: Refusal | null) => void;
}

/** What the owner of the segments does when the disk has answered. */
export interface CommitOwner {
  /** A group is written as its durability asks. Called before it is acknowledged. */
  committed(last: Write): void;
  /** Nothing of what is queued was stored: forget it. Called before it is refused. */
  rolledBack(): void;
}

/** See the head of this file. */
export class CommitPipeline {
  #queue: Write[] = [];
  #queuedBytes = 0;
  /** The write under way, or the last one. Never rejects. */
  #running: Promise<void> | null = null;
  #lingering: Cancel | null = null;
  #syncing: Cancel | null = null;
  /** Written since the last sync: what `#syncing` makes durable. */
  #unsynced = new Set<Segment>();
  /** Why nothing is written any more. Use: set once, by a failed write or sync. */
  #sealedBy: Refusal | null = null;
  #durability: Durability;
  #lingerMs: number;

  constructor(
    readonly environment: LogEnvironment,
    readonly owner: CommitOwner,
    durability: Durability,
    lingerMs: number,
  ) {
    this.#durability = durability;
    this.#lingerMs = lingerMs;
  }

  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  get sealedBy(): Refusal | null {
    return this.#sealedBy;
  }

  /** For the writes that begin from now on. */
  configure(durability: Durability, lingerMs: number): void {
    this.#durability = durability;
    this.#lingerMs = lingerMs;
  }

  /** Queues a write behind all earlier ones, and holds its bytes until it is settled. */
  push(write: Write): void {
    assert(this.#sealedBy === null, "a sealed log takes no writes");
    write.piece.memory.hold();
    this.#queue.push(write);
    this.#queuedBytes += write.piece.bytes.length;
    if (this.#running !== null) return;
    if (this.#lingerMs === 0 || this.#queuedBytes >= commitGroupBytesMax) this.#start();
    else this.#lingering ??= this.environment.clock.after(this.#lingerMs, () => this.#start());
  }

  /** Resolves when nothing is queued or under way any more. */
  async drained(): Promise<void> {
    while (this.#queue.length > 0 || this.#running !== null) {
      this.#start();
      await this.#running;
    }
  }

  /** Stops the timers; nothing may be pushed afterwards. */
  stop(): void {
    this.#lingering?.();
    this.#syncing?.();
    this.#lingering = this.#syncing = null;
  }

  /** Refuses everything from now on: the disk can't be trusted with this log. */
  seal(reason: string): void {
    if (this.#sealedBy !== null) return;
    this.environment.logger.error("log sealed", { reason });
    const message =
      `${reason}. This partition takes no more records until the broker is restarted: what was ` +
      "written since the last sync may be gone, and no retry could tell.";
    this.#sealedBy = new Refusal("KAFKA_STORAGE_ERROR", message);
    this.stop();
  }

  /** Refuses everything from now on, because nobody wants it any more. */
  abandon(refusal: Refusal): void {
    this.#sealedBy ??= refusal;
    this.stop();
  }

  /** A microtask later, so that all that one event brought in goes into one group. */
  #start(): void {
    this.#lingering?.();
    this.#lingering = null;
    this.#running ??= Promise.resolve().then(() => this.#run());
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0) {
      if (this.#sealedBy !== null) {
        this.#refuse([], this.#sealedBy);
        break;
      }
      const group = this.#takeGroup();
      try {
        await this.#write(group);
      } catch (error) {
        await this.#failed(group, error);
        continue;
      }
      // A sync of this file has failed meanwhile: what was written now may be gone with it.
      if (this.#sealedBy !== null) {
        this.#refuse(group, this.#sealedBy);
        break;
      }
      const last = group.at(-1);
      assert(last !== undefined, "a group holds a write");
      this.owner.committed(last);
      for (const write of group) settle(write, null);
    }
    this.#running = null;
  }

  /** The next writes to one segment, up to the size of a group. */
  #takeGroup(): Write[] {
    const segment = this.#queue[0]?.segment;
    let bytes = 0;
    let count = 0;
    let chunks = 0;
    for (const write of this.#queue) {
      const size = write.piece.bytes.length;
      if (!isNeighbour(this.#queue[count - 1]?.piece, write.piece)) chunks += 1;
      const isTooMuch = bytes + size > commitGroupBytesMax || chunks > commitGroupChunksMax;
      if (write.segment !== segment || (count > 0 && isTooMuch)) break;
      bytes += size;
      count += 1;
    }
    this.#queuedBytes -= bytes;
    return this.#queue.splice(0, count);
  }

  async #write(group: readonly Write[]): Promise<void> {
    const segment = group[0]?.segment;
    assert(segment !== undefined, "a group holds a write");
    const { disk, files } = this.environment;
    const mode = this.#mode();
    const chunks = chunksOf(group);
    const begunAt = this.environment.clock.monotonic();
    await files.use(segment.logPath, mode, (file) => {
      return file === segment.writtenThrough ? file.append(chunks) : begin(file, group, chunks);
    });
    this.#noteWritten(group, chunks, mode, begunAt);
    if (!segment.created) {
      await disk.syncDirectory(segment.directory);
      segment.created = true;
    }
    // Another durability was asked for meanwhile, and this group is acknowledged under it.
    if (mode === "append" && this.#mode() !== mode) {
      await this.sync(segment);
      if (this.#sealedBy !== null) throw new DiskError("failed", "sync", segment.logPath);
    }
    this.syncInTime(segment);
  }

  /** @param begunAt when its turn had come; milliseconds, monotonic */
  #noteWritten(
    group: readonly Write[],
    chunks: readonly Uint8Array[],
    mode: OpenMode,
    begunAt: number,
  ): void {
    const { stats, clock } = this.environment;
    const isDurable = mode === "append-durable";
    const durations = isDurable ? stats.durableWritesMs : stats.bufferedWritesMs;
    durations.observe(clock.monotonic() - begunAt);
    let bytes = 0;
    for (const chunk of chunks) bytes += chunk.length;
    stats.writeBytes.observe(bytes);
    stats.writeBatches.observe(group.length);
  }

  #mode(): OpenMode {
    return this.#durability.fsync === "always" ? "append-durable" : "append";
  }

  /** Cuts off what may have been written of the group, and refuses all that is queued. */
  async #failed(group: readonly Write[], error: unknown): Promise<void> {
    if (!(error instanceof DiskError)) throw error;
    const first = group[0];
    assert(first !== undefined, "a group holds a write");
    this.environment.stats.noteFailedWrite(error.kind);
    const { segment } = first;
    const position = first.end.position - first.piece.bytes.length;
    // A sync that failed is never tried again and then believed, whatever it failed for. Without a
    // descriptor for the directory none was tried.
    const isSync = error.operation === "syncDirectory" && error.kind !== "exhausted";
    const isPassing = !isSync && (error.kind === "full" || error.kind === "exhausted");
    if (!isPassing) this.seal(`writing ${segment.logPath} failed: ${error.message}`);
    // Where the file could not be opened nothing was written.
    else if (error.operation !== "open") await this.#cut(segment, position);
    this.#refuse(group, this.#sealedBy ?? passingRefusal(error));
  }

  /** Refuses `group` and all that is queued behind it. */
  #refuse(group: readonly Write[], refusal: Refusal): void {
    const refused = [...group, ...this.#queue];
    this.#queue = [];
    this.#queuedBytes = 0;
    this.owner.rolledBack();
    for (const write of refused) settle(write, refusal);
  }

  /** Durably, or a power cut would bring back what was refused. */
  async #cut(segment: Segment, position: number): Promise<void> {
    try {
      await this.environment.files.use(segment.logPath, this.#mode(), async (file) => {
        await file.truncate(position);
        await file.sync();
      });
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.seal(`cutting ${segment.logPath} failed: ${error.message}`);
    }
  }

  /** Makes durable what was written to `segment`, by this process or an earlier one, in time. */
  syncInTime(segment: Segment): void {
    if (this.#durability.fsync !== "interval") return;
    this.#unsynced.add(segment);
    this.#syncing ??= this.environment.clock.after(this.#durability.intervalMs, () => {
      this.#syncing = null;
      const segments = this.#unsynced;
      this.#unsynced = new Set();
      for (const one of segments) void this.sync(one);
    });
  }

  /** Makes durable what was written to `segment`; a failure seals the log. */
  async sync(segment: Segment): Promise<void> {
    if (!segment.created || segment.isRemoved || this.#sealedBy !== null) return;
    const { files, clock, stats } = this.environment;
    const begunAt = clock.monotonic();
    try {
      await files.use(segment.logPath, this.#mode(), (file) => file.sync());
      stats.syncsMs.observe(clock.monotonic() - begunAt);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      this.seal(`syncing ${segment.logPath} failed: ${error.message}`);
    }
  }
}

function settle(write: Write, refusal: Refusal | null): void {
  write.piece.memory.letGo();
  write.settle(refusal);
}

/**
 * A file that was opened anew must end where this group begins: somebody may have removed it, or
 * put an older copy in its place, and what is written there would be lost at the next start.
 */
async function expectEnd(file: DiskFile, group: readonly Write[]): Promise<void> {
  const first = group[0];
  assert(first !== undefined, "a group holds a write");
  const expected = first.end.position - first.piece.bytes.length;
  const found = await file.size();
  if (found === expected) return;
  const what = `it holds ${found} bytes where ${expected} were written: somebody changed it`;
  throw new DiskError("failed", "append", file.path, what);
}

/** The first append through a file. */
async function begin(
  file: DiskFile,
  group: readonly Write[],
  chunks: readonly Uint8Array[],
): Promise<void> {
  await expectEnd(file, group);
  const first = group[0];
  assert(first !== undefined, "a group holds a write");
  first.segment.writtenThrough = file;
  await file.append(chunks);
}

/** Whether `piece` lies right behind `before` in memory: one chunk of a write holds both. */
const isNeighbour = (before: CachedPiece | undefined, piece: CachedPiece): boolean =>
  before?.slab === piece.slab && before.from + before.bytes.length === piece.from;

/** The group's bytes; neighbours in one slab become one chunk. */
function chunksOf(group: readonly Write[]): Uint8Array[] {
  const chunks: Uint8Array[] = [];
  let last: CachedPiece | undefined;
  let run: Uint8Array | null = null;
  for (const { piece } of group) {
    if (run && isNeighbour(last, piece)) {
      const whole: number = run.length + piece.bytes.length;
      run = new Uint8Array(run.buffer, run.byteOffset, whole);
      chunks[chunks.length - 1] = run;
    } else {
      run = piece.bytes;
      chunks.push(run);
    }
    last = piece;
  }
  return chunks;
}

function passingRefusal(error: DiskError): Refusal {
  const isFull = error.kind === "full";
  const what = isFull ? "the disk is full" : "too many files are open";
  const message = `${what} (${error.message}); nothing was stored. Free some and send again.`;
  return new Refusal(isFull ? "DISK_FULL" : "KAFKA_STORAGE_ERROR", message);
}
