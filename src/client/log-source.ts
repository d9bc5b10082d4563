/** A partition of ours as the source of a consumer, over a view of its directory. */
import { offset, type Offset } from "../base/brands.ts";
import { Refusal } from "../base/refusal.ts";
import type { LogEnvironment } from "../log/environment.ts";
import type { LogRead } from "../log/log.ts";
import { LogView } from "../log/view.ts";
import { baseOffsetAt, batchBytesAt, nextOffsetAt, viewOf } from "../record/batch.ts";
import { openRecords, type BatchRecord } from "../record/records.ts";
import type { DamagedRange, PartitionSource, RecordRun, SourceRead } from "./partition-source.ts";

/** See the head of this file. */
export class LogSource implements PartitionSource {
  readonly #view: LogView;

  /** @param isLive whether a broker owns the directory now */
  constructor(
    private readonly environment: LogEnvironment,
    private readonly directory: string,
    isLive: () => boolean | Promise<boolean>,
  ) {
    this.#view = new LogView(environment, directory, isLive);
  }

  get startOffset(): Offset {
    return this.#view.startOffset;
  }

  get generation(): number {
    return this.#view.generation;
  }

  refresh(): Promise<Refusal | null> {
    return this.#view.refresh();
  }

  async read(from: Offset, bytesMax: number): Promise<SourceRead> {
    const view = this.#view;
    if (from >= view.visibleOffset) {
      const moved = await this.#look(from);
      if (moved !== null) return moved;
      if (from >= view.visibleOffset) return "end";
    }
    if (from < view.startOffset) return "moved";
    const read = await view.read(from, bytesMax);
    if (!(read instanceof Refusal)) return new LogRun(read, from);
    // A segment that was deleted since the last look reads like a damaged or a failing one.
    const moved = await this.#look(from);
    if (moved !== null) return moved;
    if (read.code !== "CORRUPT_MESSAGE" || read.resumeAt === undefined) return read;
    return { kind: "damage", fromOffset: from, toOffset: read.resumeAt, message: read.message };
  }

  async visibleEnd(): Promise<Offset | Refusal> {
    const refusal = await this.refresh();
    return refusal ?? offset(Math.max(this.#view.startOffset, this.#view.visibleOffset));
  }

  stored(): LogSource {
    return new LogSource(this.environment, this.directory, () => false);
  }

  close(): Promise<void> {
    return this.#view.close();
  }

  /** Looks again; `null` if `from` still means what it meant. */
  async #look(from: Offset): Promise<Refusal | "moved" | null> {
    const { generation } = this.#view;
    const refusal = await this.refresh();
    if (refusal !== null) return refusal;
    const isSame = generation === this.#view.generation && from >= this.#view.startOffset;
    return isSame ? null : "moved";
  }
}

type Cursor = Exclude<ReturnType<typeof openRecords>, Refusal>;

/** The records of whole batches, opened one batch at a time. */
class LogRun implements RecordRun {
  readonly kind = "run";
  readonly nextOffset: Offset;
  damage: DamagedRange | null = null;
  readonly #chunks: Uint8Array[];
  #bytes: Uint8Array = new Uint8Array(0);
  #view = viewOf(this.#bytes);
  /** Where the next batch begins. */
  #at = 0;
  #cursor: Cursor | null = null;
  /** Records before this one are not wanted. */
  #next: Offset;

  constructor(read: LogRead, from: Offset) {
    this.nextOffset = read.nextOffset;
    this.#chunks = [...read.chunks];
    this.#next = from;
  }

  next(): BatchRecord | null {
    while (this.damage === null) {
      const cursor = this.#cursor ?? this.#open();
      if (cursor === null) return null;
      while (cursor.next()) {
        if (cursor.offset < this.#next || cursor.isControl) continue;
        this.#next = offset(cursor.offset + 1);
        return cursor.record();
      }
      this.#cursor = null;
      if (cursor.damage !== null) this.#fail(cursor.damage);
    }
    return null;
  }

  /** Opens the next batch; `null` after the last, and at one that can't be opened. */
  #open(): Cursor | null {
    while (this.#at >= this.#bytes.length) {
      const chunk = this.#chunks.shift();
      if (chunk === undefined) return null;
      this.#bytes = chunk;
      this.#view = viewOf(chunk);
      this.#at = 0;
    }
    const at = this.#at;
    this.#at += batchBytesAt(this.#view, at);
    this.#end = nextOffsetAt(this.#view, at);
    this.#next = offset(Math.max(this.#next, baseOffsetAt(this.#view, at)));
    const opened = openRecords(this.#bytes, this.#view, at);
    if (opened instanceof Refusal) {
      this.#fail(opened);
      return null;
    }
    this.#cursor = opened;
    return opened;
  }

  /** Behind the batch that is open. */
  #end: Offset = offset(0);

  /** The batch is as its producer sent it, and its records can't be read. */
  #fail(refusal: Refusal): void {
    const fromOffset = this.#next;
    this.damage = { kind: "damage", fromOffset, toOffset: this.#end, message: refusal.message };
  }
}
