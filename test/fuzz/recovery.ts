/**
 * Damaged partition directories. Opening one never throws; what is served is what was written, or
 * refused; a second opening finds the same; appending goes on; and who reads the directory, or
 * checks it, comes to the same end.
 */
import type { Offset } from "../../src/base/brands.ts";
import type { Random } from "../../src/base/random.ts";
import { Refusal } from "../../src/base/refusal.ts";
import { recoverProducers } from "../../src/broker/producer-recovery.ts";
import { producerFile } from "../../src/broker/producer-snapshot.ts";
import { producersFileName, startFileName } from "../../src/log/files.ts";
import { openSegmentLog } from "../../src/log/open.ts";
import type { SegmentLog } from "../../src/log/segment-log.ts";
import { baseOffsetAt, nextOffsetAt, viewOf } from "../../src/record/batch.ts";
import { verifyPartition } from "../../src/reader/verify.ts";
import type { MemoryDisk } from "../fake/disk.ts";
import { batchOf } from "../support/batches.ts";
import { directory, LogWorld } from "../support/log-world.ts";
import { onlyPartition, readerEnvironment } from "../support/reading.ts";
import {
  allShapes,
  edit,
  editBytes,
  editCount,
  editsIn,
  type Shape,
} from "./damaged-directories.ts";
import { mutated, oneOf } from "./mutate.ts";
import { Finding, require, type Subject, type Target } from "./target.ts";
import { batchesIn } from "./witness.ts";

/** What reading a log from its start to its end comes upon. */
interface Served {
  readonly start: Offset;
  readonly end: Offset;
  /** Batches by their base offsets, in hexadecimal. */
  readonly batches: ReadonlyMap<number, string>;
  /** Offsets that are answered, with records or by a refusal that says where to go on. */
  readonly refused: readonly (readonly [from: number, to: number])[];
}

type Readable = Pick<SegmentLog, "startOffset" | "visibleOffset" | "read">;

async function readAll(log: Readable): Promise<Served> {
  const batches = new Map<number, string>();
  const refused: [number, number][] = [];
  const { startOffset: start, visibleOffset: end } = log;
  for (let at = start; at < end;) {
    const read = await log.read(at, 300);
    const next = read instanceof Refusal ? (read.resumeAt ?? end) : read.nextOffset;
    require(next > at, () => `reading does not get on from ${at}: ${String(read)}`);
    if (read instanceof Refusal) refused.push([at, next]);
    else
      for (const batch of batchesIn(read.chunks))
        batches.set(baseOffsetAt(viewOf(batch), 0), batch.toHex());
    at = next;
  }
  return { start, end, batches, refused };
}

const textOf = ({ start, end, batches, refused }: Served): string =>
  `${start}-${end} ${[...batches].map(([base, bytes]) => `${base}:${Bun.hash(bytes)}`).join()} ` +
  `refused ${refused.join(" ")}`;

/** A shape with the batches that were written, in any of its two states. */
interface Known extends Shape {
  readonly written: ReadonlyMap<number, readonly string[]>;
  readonly whole: Served;
}

async function known(shape: Shape): Promise<Known> {
  const written = new Map<number, string[]>();
  for (const disk of [shape.older, shape.disk]) {
    for (const [base, bytes] of (await opened(shape, disk.clone())).served.batches) {
      written.set(base, [...(written.get(base) ?? []), bytes]);
    }
  }
  const { served: whole } = await opened(shape, shape.disk.clone());
  return { ...shape, written, whole };
}

/** Its last batches lie above the floor. */
const isKilled = ({ name }: Shape): boolean => name.endsWith("killed");

/** A batch but for what its checksum does not cover. */
const contentOf = (hex: string): string => hex.slice(34);

interface Opened {
  readonly world: LogWorld;
  readonly log: SegmentLog;
  readonly served: Served;
}

async function opened(shape: Shape, disk: MemoryDisk): Promise<Opened> {
  const world = new LogWorld(disk, shape.config);
  const log = await openSegmentLog(world.newEnvironment(), directory, shape.config);
  if (log instanceof Refusal) throw new Finding(`a log can't be opened: ${log.message}`);
  return { world, log, served: await readAll(log) };
}

class RecoverySubject implements Subject {
  constructor(private readonly shapes: readonly Known[]) {}

  async take(input: Uint8Array): Promise<readonly string[]> {
    const shape = this.shapes[(input[0] ?? 0) % this.shapes.length]!;
    const disk = shape.disk.clone();
    const edits = editsIn(input);
    const names: string[] = [];
    for (const asked of edits) names.push((await edit(shape, disk, asked)) ?? "");
    const isForged = edits.some(({ what }) => what === "seal");
    const first = await opened(shape, disk);
    const isDoubled = edits.some(({ what }) => what === "double");
    if (!isForged) this.#areWritten(shape, first.served, isDoubled);
    if (!isForged && edits.length === 1) this.#isTold(shape, first, names[0]!, edits[0]!.what);
    const producers = producerFile(disk, `${directory}/${producersFileName}`);
    await recoverProducers(first.log, producers, first.world.logger);
    if (input.length % 2 === 0) await first.log.close();
    const second = await opened(shape, first.world.disk.crash({ keep: "all" }));
    const [once, again] = [textOf(first.served), textOf(second.served)];
    require(once === again, () => `opened again, ${once} has become ${again}`);
    await this.#goesOn(shape, second);
    const { losses } = first.log;
    const rows = new Set(losses.map(({ row }) => row));
    const kinds = edits.map(({ what }, at) => `${what} ${names[at]!.replace(/^\d+(-\d+)?/, "")}`);
    const words = edits.length === 1 ? kinds : [];
    return [
      `${shape.name} ${words.join()} ${[...rows].sort().join()} ${first.served.refused.length}`,
    ];
  }

  async close(): Promise<void> {}

  /**
   * What is served was written, at the offset where it is served. Above the floor, behind damage,
   * an offset is believed as it stands, and all but its offset can be another batch's (FORMAT.md):
   * then it was written, wherever.
   */
  #areWritten(shape: Known, { batches }: Served, isDoubled: boolean): void {
    const all = new Set([...shape.written.values()].flat().map(contentOf));
    for (const [base, bytes] of batches) {
      const isWritten = shape.written.get(base)?.includes(bytes) ?? false;
      const isElsewhere = (isKilled(shape) || isDoubled) && all.has(contentOf(bytes));
      require(isWritten || isElsewhere, () => `${shape.name}: nobody wrote what is at ${base}`);
    }
  }

  /** Nothing that was acknowledged, and known to be, goes without a word. */
  #isTold(shape: Known, { log, served }: Opened, name: string, what: string): void {
    const isAboutOthers = name === startFileName || name.endsWith(".swap") || what === "invent";
    if (isKilled(shape) || isAboutOthers || what === "exchange" || what === "older") return;
    for (const [base, bytes] of shape.whole.batches) {
      const next = nextOffsetAt(viewOf(Uint8Array.fromHex(bytes)), 0);
      const from = Math.max(base, shape.whole.start);
      const isRefused = served.refused.some((range) => range[0] <= from && range[1] >= next);
      const isLost = log.losses.some(
        ({ fromOffset, toOffset }) => fromOffset <= base && toOffset >= next,
      );
      const isThere = served.batches.has(base) || isRefused || isLost;
      require(isThere, () =>
        `${shape.name}: ${base} is gone without a word, after ${what} ${name}`);
    }
  }

  /** Takes another batch, which is there after all; whoever checks agrees with who reads. */
  async #goesOn(shape: Known, { world, log, served }: Opened): Promise<void> {
    const appended = log.append(batchOf({ first: 1_000, timestamp: world.clock.now() }));
    const isTaken = !(appended instanceof Refusal) && (await appended.committed) === null;
    await log.close();
    const third = await opened(shape, world.disk.crash({ keep: "all" }));
    if (isTaken) {
      const { baseOffset } = appended;
      require(third.served.batches.has(baseOffset), () =>
        `what was appended at ${baseOffset} is gone`);
      for (const base of served.batches.keys()) {
        require(third.served.batches.has(base), () => `${base} is gone after an append`);
      }
    }
    const found = await onlyPartition(third.world.disk);
    const environment = readerEnvironment(third.world.disk);
    const { health, findings } = await verifyPartition(environment, found, { isLive: () => false });
    const { refused } = third.served;
    const isSame = refused.length === 0 || health === "damaged";
    require(isSame, () => `${refused.join(" ")} are refused, and check says ${health}`);
    const seen = await readAll(await third.world.view());
    const isOverlapping = third.log.losses.some(({ row }) => row === "segments overlap");
    // Where two files hold the same offsets, either may be the one that is read. And where the
    // first file is gone, who looks from outside still says so.
    const { start } = third.served;
    const isSameEnd = isOverlapping || seen.end === third.served.end;
    require(isSameEnd, () => `a reader of the directory ends at ${seen.end}`);
    const [one, other] = [third.served, seen].map(({ batches }) =>
      [...batches.keys()].filter((base) => base >= start).join(),
    );
    const isSameRest = isOverlapping || one === other;
    require(isSameRest, () => `a reader of the directory finds ${other}, not ${one}`);
    require(findings.damages.length < 1_000, () => "check lists without end");
  }
}

function generate(shapes: number) {
  return (random: Random, kept: readonly Uint8Array[]): Uint8Array => {
    if (random.below(4) === 0 && kept.length > 0) return mutated(oneOf(random, kept), random);
    const count = random.below(3) > 0 ? 1 : 1 + random.below(4);
    const input = new Uint8Array(1 + count * editBytes + random.below(2));
    input[0] = random.below(shapes);
    for (let at = 1; at + editBytes <= input.length; at += editBytes) {
      const view = viewOf(input);
      view.setUint8(at, random.below(editCount));
      view.setUint8(at + 1, random.below(32));
      view.setUint32(at + 2, random.below(5_000));
      view.setUint16(at + 6, random.below(0x10000));
    }
    return input;
  };
}

/** Every file of every shape: each bit of it wrong, each length, not there, and an older one. */
async function systematicFor(shapes: readonly Known[]): Promise<() => Generator<Uint8Array>> {
  const sizes: number[][] = [];
  for (const { disk } of shapes) sizes.push((await disk.list(directory)).map(({ bytes }) => bytes));
  const one = (shape: number, what: number, file: number, position: number, value: number) => {
    const input = new Uint8Array(1 + editBytes);
    const view = viewOf(input);
    input.set([shape, what, file]);
    view.setUint32(3, position);
    view.setUint16(7, value);
    return input;
  };
  return function* () {
    for (const [shape, files] of sizes.entries()) {
      for (const [file, size] of files.entries()) {
        for (let at = 0; at < size; at++) {
          yield one(shape, 0, file, at, at * 3);
          yield one(shape, 3, file, at, 0);
        }
        for (const what of [5, 9]) yield one(shape, what, file, 0, 0);
      }
    }
  };
}

/** The target; see the head of this file. */
export async function recovery(): Promise<Target> {
  const shapes = await Promise.all((await allShapes()).map(known));
  return {
    name: "recovery",
    inputsPerSubject: 1_000,
    // Four logs are opened, each with a cache and a window to scan through.
    allocatedBytesMax: 24 * 1024 * 1024,
    systematic: await systematicFor(shapes),
    generate: generate(shapes.length),
    open: () => Promise.resolve(new RecoverySubject(shapes)),
  };
}
