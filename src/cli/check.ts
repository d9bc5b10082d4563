/**
 * `obelisk check`: reads every batch and every index of a directory and says what is wrong, where,
 * and what to do. Nothing is written, so it may look at the directory of a broker at work.
 */
import { printable, quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { partitionsPerTopicMax, shownCharactersMax } from "../limits.ts";
import { brokerOptions } from "../options.ts";
import { findPartitions, type FoundPartition } from "../reader/directory.ts";
import type { Health, NoteKind } from "../reader/findings.ts";
import { damageText } from "../reader/lines.ts";
import { selectsPartition } from "../reader/selection.ts";
import { bytesToVerify, verifyPartition, worstOf, type PartitionReport } from "../reader/verify.ts";
import { defineCommand, exitCode, type ExitCode, type World } from "./command.ts";
import { integer, text, toggle } from "./option-kinds.ts";
import { repeated } from "./option.ts";
import { makeRoom } from "./progress-room.ts";
import { createProgress, progressOption, type ProgressMode } from "./progress.ts";
import { openReadable, type ReadableDirectory } from "./read-directory.ts";
import { humanCount, humanDuration, humanSize, wrap, type Style } from "./terminal.ts";

export const check = defineCommand({
  name: "check",
  summary: "verify every batch and index of a data directory",
  details: [
    "Reads everything and writes nothing. While a broker has the directory, what it has " +
      "acknowledged is checked. A directory of the original Obelisk can be checked, too.",
    "The exit code is 0 if no acknowledged record is damaged or missing, 1 if one is, and 2 if " +
      "the directory can't be looked at. What is noted, such as a write that never finished, is " +
      "no damage.",
  ],
  operands: [{ name: "directory", help: "What to check, instead of --data", count: "optional" }],
  options: {
    data: brokerOptions.data,
    topic: repeated(text({ short: "t", placeholder: "<name>", help: "Check only this topic" })),
    partition: repeated(
      integer({
        short: "p",
        min: 0,
        max: partitionsPerTopicMax - 1,
        help: "Check only the partition of this number",
      }),
    ),
    json: toggle({ help: "One JSON object a line: each partition, then the summary" }),
    progress: progressOption,
  },
  examples: [
    { args: "", does: "./data" },
    { args: "/var/lib/obelisk -t orders", does: "one topic" },
    { args: "--json", does: "for a script" },
  ],
  async run({ options, operands, ...world }) {
    const directory = await openReadable(operands[0] ?? options.data, world);
    if (typeof directory === "string") {
      world.fail(directory);
      return exitCode.misuse;
    }
    return await checkDirectory(world, directory, {
      topics: options.topic,
      partitions: options.partition,
      json: options.json,
      progress: options.progress,
    });
  },
});

/** What to check, and how to tell of it. */
export interface CheckRequest {
  /** None: all of them. */
  readonly topics: readonly string[];
  readonly partitions: readonly number[];
  readonly json: boolean;
  readonly progress: ProgressMode;
}

type CheckWorld = Pick<World, "stdout" | "stderr" | "clock"> & {
  readonly fail: (message: string) => ExitCode;
};

/** Checks and reports. The exit code says whether anything is damaged. */
export async function checkDirectory(
  world: CheckWorld,
  directory: ReadableDirectory,
  request: CheckRequest,
): Promise<ExitCode> {
  const { environment, isLive } = directory;
  const found = await findPartitions(environment.disk);
  if (found instanceof Refusal) return refuse(world, found.message);
  const { topics, partitions } = request;
  const missing = topics.find((name) => !found.partitions.some(({ topic }) => topic === name));
  if (missing !== undefined) {
    return refuse(world, `there is no topic ${quoted(missing, shownCharactersMax)}`);
  }
  const selection = {
    ...(topics.length === 0 ? {} : { topics }),
    ...(partitions.length === 0 ? {} : { partitions }),
  };
  const wanted = found.partitions.filter((each) => selectsPartition(selection, each));
  const total = await bytesToVerify(environment, wanted);
  if (total instanceof Refusal) return refuse(world, total.message);

  const { stdout, stderr, clock } = world;
  const startedAt = clock.monotonic();
  const isAtWork = await isLive();
  const progress = createProgress({
    stderr,
    clock,
    mode: request.progress,
    label: "checking",
    unit: "bytes",
    total,
  });
  const summary = new Summary(directory.path, isAtWork);
  const reportOf = request.json ? jsonReport : textReport;
  for (const each of wanted) {
    const report = await verifyPartition(environment, each, {
      isLive,
      progress: (bytes) => progress.report((summary.bytes += bytes)),
    });
    summary.add(report);
    await makeRoom(stderr, request.progress);
    stdout.write(reportOf(report, stdout.style));
    await stdout.ready();
  }
  progress.finish();
  const tookMs = clock.monotonic() - startedAt;
  stdout.write(request.json ? summary.json(tookMs) : summary.text(tookMs, stdout.columns));
  return summary.health === "damaged" ? exitCode.failed : exitCode.ok;
}

/** Nothing could be checked: that says nothing about damage. */
function refuse(world: CheckWorld, message: string): ExitCode {
  world.fail(message);
  return exitCode.misuse;
}

const placeOf = ({ topic, partition }: FoundPartition): string =>
  `${printable(topic, shownCharactersMax)}/${partition}`;

const colourOf = { healthy: "green", noted: "yellow", damaged: "red" } as const;
/** As wide as the longest of them. */
const healthColumns = 7;

/** A line for the partition, and an indented one for each finding. */
function textReport(report: PartitionReport, style: Style): string {
  const { found, health, findings, refusal } = report;
  const status = style[colourOf[health]](health.padEnd(healthColumns));
  const counts = [`${humanCount(report.records)} records`];
  if (found.source.kind === "own") {
    const segments = report.segments === 1 ? "1 segment" : `${report.segments} segments`;
    counts.push(`${humanCount(report.batches)} batches`, segments);
  }
  const { startOffset, endOffset } = report;
  const offsets = endOffset > startOffset ? `offsets ${startOffset} to ${endOffset - 1}, ` : "";
  const lines = [`${status}  ${placeOf(found)}  ${offsets}${counts.join(", ")}`];
  for (const damage of findings.damages) lines.push(`  ${damageText(damage)}`);
  if (findings.moreDamages > 0) lines.push(`  and ${findings.moreDamages} more damaged stretches`);
  if (refusal !== null) lines.push(`  ${printable(refusal.message, Infinity)}`);
  for (const note of findings.notes) {
    lines.push(`  note: ${printable(note.path, Infinity)}: ${printable(note.message, Infinity)}`);
  }
  if (findings.moreNotes > 0) lines.push(`  and ${findings.moreNotes} more notes`);
  return lines.map((line) => `${line}\n`).join("");
}

function jsonReport(report: PartitionReport): string {
  const { found, findings, refusal, ...counts } = report;
  const { damages, moreDamages, notes, moreNotes } = findings;
  const line = {
    kind: "partition",
    topic: found.topic,
    partition: found.partition,
    source: found.source.kind,
    ...counts,
    damages,
    moreDamages,
    notes,
    moreNotes,
    refusal: refusal === null ? null : { code: refusal.code, message: refusal.message },
  };
  return `${JSON.stringify(line)}\n`;
}

/** What to do about each kind of finding; nothing is said of what needs nothing. */
const damageAdvice =
  "Damaged or missing: those records can't be had from this directory. Nothing is cut or deleted, " +
  "a broker serves everything around them, and refuses them with the offset at which reading can " +
  "go on. Copy the files away before anything else, look after the disk (its own log, SMART), " +
  "and take the records from a backup or from their producers.";

const noteAdvice: Readonly<Record<NoteKind, string | null>> = {
  torn: null,
  unsealed: null,
  index:
    "Indexes are made from the log and hold nothing of their own: a broker that comes upon a " +
    "missing or damaged one makes it anew. Many of them speak of a failing disk.",
  start:
    "Where the file `start` is damaged, records that were deleted by request may be read again: " +
    "delete them again.",
  leftover: "What is left over is read by nobody, and may be removed while no broker runs.",
  gone: null,
};

/** All partitions together. */
class Summary {
  bytes = 0;
  readonly #counts: Record<Health, number> = { healthy: 0, noted: 0, damaged: 0 };
  readonly #noted = new Set<NoteKind>();
  #records = 0;

  constructor(
    private readonly path: string,
    private readonly isLive: boolean,
  ) {}

  add({ health, records, findings }: PartitionReport): void {
    this.#counts[health] += 1;
    this.#records += records;
    for (const { kind } of findings.notes) this.#noted.add(kind);
  }

  get health(): Health {
    const { damaged, noted } = this.#counts;
    return worstOf([damaged > 0 ? "damaged" : "healthy", noted > 0 ? "noted" : "healthy"]);
  }

  text(tookMs: number, columns: number): string {
    const { healthy, noted, damaged } = this.#counts;
    const total = healthy + noted + damaged;
    const partitions = total === 1 ? "1 partition" : `${humanCount(total)} partitions`;
    const parts = [`${healthy} healthy`];
    if (noted > 0) parts.push(`${noted} with notes`);
    if (damaged > 0) parts.push(`${damaged} damaged`);
    const outcome = total === 0 ? "holds no topics" : `${partitions}: ${parts.join(", ")}`;
    const read = `${humanCount(this.#records)} records, ${humanSize(this.bytes)}`;
    const lines = [`${this.path}: ${outcome} (${read} in ${humanDuration(tookMs)})`];
    if (this.isLive) {
      lines.push("A broker is at work here: what it had acknowledged was checked.");
    }
    const advice = damaged > 0 ? [damageAdvice] : [];
    for (const kind of this.#noted) advice.push(noteAdvice[kind] ?? "");
    for (const paragraph of advice.filter((each) => each !== "")) {
      lines.push("", ...wrap(paragraph, Math.min(columns, adviceColumnsMax)));
    }
    return lines.map((line) => `${line}\n`).join("");
  }

  json(tookMs: number): string {
    const line = {
      kind: "summary",
      directory: this.path,
      live: this.isLive,
      health: this.health,
      partitions: this.#counts,
      records: this.#records,
      bytes: this.bytes,
      tookMs: Math.ceil(tookMs),
    };
    return `${JSON.stringify(line)}\n`;
  }
}

/** Wider lines are hard to read. */
const adviceColumnsMax = 100;
