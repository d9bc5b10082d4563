/**
 * What a directory holds: its topics, partitions and segments, as a table for people or as one
 * JSON object a partition. With everything read, records and compression are known as well.
 */
import { isoTime } from "../base/iso-time.ts";
import { printable } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { shownCharactersMax } from "../limits.ts";
import { findPartitions, type FoundPartition } from "../reader/directory.ts";
import {
  takeInventory,
  type PartitionInventory,
  type SegmentInventory,
} from "../reader/inventory.ts";
import { selectsPartition, type Selection } from "../reader/selection.ts";
import { exitCode, type ExitCode, type World } from "./command.ts";
import { counted } from "./counted.ts";
import { createProgress, type ProgressMode } from "./progress.ts";
import type { ReadableDirectory } from "./read-directory.ts";
import { humanCount, humanSize, table, type Style, type TableColumn } from "./terminal.ts";

/** What to list, and how. */
export interface ListRequest {
  readonly selection: Selection;
  /** Whether to read every batch for what only its header tells. */
  readonly isFull: boolean;
  readonly json: boolean;
  readonly progress: ProgressMode;
}

type ListWorld = Pick<World, "stdout" | "stderr" | "clock"> & {
  readonly fail: (message: string) => ExitCode;
};

/** Lists. Fails if something can't be read, or if bytes are damaged that were read. */
export async function listDirectory(
  world: ListWorld,
  directory: ReadableDirectory,
  request: ListRequest,
): Promise<ExitCode> {
  const { environment, isLive } = directory;
  const found = await findPartitions(environment.disk);
  if (found instanceof Refusal) return world.fail(found.message);
  const { stdout, stderr, clock } = world;
  const wanted = found.partitions.filter((each) => selectsPartition(request.selection, each));
  const progress = createProgress({
    stderr,
    clock,
    mode: request.progress,
    label: "reading",
    unit: "partitions",
    total: wanted.length,
  });
  const inventories: PartitionInventory[] = [];
  const refusals: string[] = [];
  let isDamaged = false;
  for (const [done, each] of wanted.entries()) {
    const taken = await takeInventory(environment, each, { isFull: request.isFull, isLive });
    progress.report(done + 1);
    if (taken instanceof Refusal) {
      refusals.push(`${placeOf(each)}: ${taken.message}`);
      continue;
    }
    isDamaged ||= taken.segments.some(hasDamage);
    if (!request.json) inventories.push(taken);
    else {
      stdout.write(`${JSON.stringify(jsonOf(taken))}\n`);
      await stdout.ready();
    }
  }
  progress.finish();
  if (!request.json)
    stdout.write(tableOf(directory.path, inventories, request.isFull, stdout.style));
  for (const refusal of refusals) world.fail(refusal);
  return refusals.length > 0 || isDamaged ? exitCode.failed : exitCode.ok;
}

const placeOf = ({ topic, partition }: FoundPartition): string =>
  `${printable(topic, shownCharactersMax)}/${partition}`;

const hasDamage = ({ content }: SegmentInventory): boolean => (content?.damagedBytes ?? 0) > 0;

function jsonOf({ found, ...inventory }: PartitionInventory): object {
  const { topic, partition, source } = found;
  return { topic, partition, source: source.kind, ...inventory };
}

const columns: readonly TableColumn[] = [
  { title: "topic", align: "left" },
  { title: "partition", align: "right" },
  { title: "segment", align: "right" },
  { title: "start", align: "right" },
  { title: "end", align: "right" },
  { title: "records", align: "right" },
  { title: "size", align: "right" },
  { title: "newest", align: "left" },
  { title: "state", align: "left" },
];
const fullColumns: readonly TableColumn[] = [
  ...columns,
  { title: "oldest", align: "left" },
  { title: "batches", align: "right" },
  { title: "compression", align: "left" },
];

/** A row for each segment, and the sums below. */
function tableOf(
  path: string,
  inventories: readonly PartitionInventory[],
  isFull: boolean,
  style: Style,
): string {
  if (inventories.length === 0) return `${path} holds no topics\n`;
  const rows = inventories.flatMap((inventory) => rowsOf(inventory, isFull, style));
  const topics = new Set(inventories.map(({ found }) => found.topic)).size;
  const segments = inventories.reduce((sum, each) => sum + each.segments.length, 0);
  const bytes = inventories.reduce((sum, each) => sum + each.logBytes, 0);
  const sums = [
    `${counted(topics, "topic")}, ${counted(inventories.length, "partition")}`,
    `${counted(segments, "segment")}, ${humanSize(bytes)}`,
  ];
  return `${table(isFull ? fullColumns : columns, rows, style)}\n${sums.join(", ")}\n`;
}

const nothing = "-";

function rowsOf(inventory: PartitionInventory, isFull: boolean, style: Style): string[][] {
  const { found, startOffset, endOffset, segments } = inventory;
  const place = [printable(found.topic, shownCharactersMax), String(found.partition)];
  if (segments.length === 0) {
    return [[...place, nothing, String(startOffset), String(endOffset ?? nothing), "0"]];
  }
  return segments.map((segment) => {
    const { content } = segment;
    const start = Math.max(segment.base, startOffset);
    const row = [
      ...place,
      String(segment.base),
      String(start),
      String(segment.endOffset ?? nothing),
      recordsOf(segment, start),
      humanSize(segment.logBytes ?? 0),
      timeOf(segment.maxTimestamp),
      stateOf(segment, found, style),
    ];
    if (!isFull) return row;
    const hasBatches = content !== null && found.source.kind === "own";
    const batches = hasBatches ? humanCount(content.batches) : nothing;
    const compressions = content?.compressions.join(", ") ?? "";
    return [...row, timeOf(content?.minTimestamp ?? null), batches, compressions || nothing];
  });
}

/** What was read, or else what the offsets leave room for. */
function recordsOf({ content, endOffset }: SegmentInventory, start: number): string {
  if (content !== null) return humanCount(content.records);
  return endOffset === null ? nothing : humanCount(Math.max(0, endOffset - start));
}

const timeOf = (timestamp: number | null): string =>
  timestamp === null ? nothing : isoTime(timestamp);

function stateOf(segment: SegmentInventory, { source }: FoundPartition, style: Style): string {
  if (hasDamage(segment)) return style.red("damaged");
  if (source.kind === "original") return "original";
  return segment.isSealed ? "sealed" : style.green("active");
}
