/**
 * `obelisk check`: reads every batch and every index of a directory and says what is wrong, where,
 * and what to do. Nothing is written, so it may look at the directory of a broker at work.
 */
import { printable, quoted } from "../base/printable.ts";
import { Refusal } from "../base/refusal.ts";
import { partitionsPerTopicMax, shownCharactersMax } from "../limits.ts";
import { findPartitions, type FoundPartition } from "../reader/directory.ts";
import type { Health, NoteKind } from "../reader/findings.ts";
import { damageText } from "../reader/lines.ts";
import { selectsPartition } from "../reader/selection.ts";
import { bytesToVerify, verifyPartition, worstOf, type PartitionReport } from "../reader/verify.ts";
import { defineCommand, exitCode, type ExitCode, type World } from "./command.ts";
import { counted, offsetsText } from "./counted.ts";
import { integer, text, toggle } from "./option-kinds.ts";
import { repeated } from "./option.ts";
import { makeRoom } from "./progress-room.ts";
import { createProgress, progressOption, type ProgressMode } from "./progress.ts";
import { openReadable, readDataOption, type ReadableDirectory } from "./read-directory.ts";
import { humanDuration, humanSize, wrap, type Style } from "./terminal.ts";

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
    data: readDataOption,
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
  const counts = [counted(report.records, "record")];
  if (found.source.kind === "own") {
    counts.push(counted(report.batches, "batch", "batches"), counted(report.segments, "segment"));
  }
  const facts = [...offsetsOf(report), ...counts].join(", ");
  const lines = [`${status}  ${placeOf(found)}  ${facts}`];
  for (const damage of findings.damages) lines.push(`  ${damageText(damage)}`);
  if (findings.moreDamages > 0) lines.push(`  and ${findings.moreDamages} more damaged stretches`);
  if (refusal !== null) lines.push(`  ${printable(refusal.message, Infinity)}`);
  for (const note of findings.notes) {
    lines.push(`  note: ${printable(note.path, Infinity)}: ${printable(note.message, Infinity)}`);
  }
  if (findings.moreNotes > 0) lines.push(`  and ${findings.moreNotes} more notes`);
  return lines.map((line) => `${line}\n`).join("");
}

const offsetsOf = ({ startOffset, endOffset }: PartitionReport): string[] =>
  endOffset <= startOffset ? [] : [offsetsText(startOffset, endOffset - 1)];

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

/** What to do about damage, by whose files they are. */
const damageAdvice: Readonly<Record<FoundPartition["source"]["kind"], string>> = {
  own:
    "Damaged or missing: those records can't be had from this directory. Nothing is cut or " +
    "deleted; a broker serves everything around them, and refuses them with the offset at which " +
    "reading can go on. Copy the files away before anything else, look after the disk (its own " +
    "log, SMART), and take the records from a backup or from their producers.",
  original:
    "Damaged: those messages of the original can't be had from its files. `obelisk import` " +
    "leaves them out and takes all others.",
};

/** What to do about each kind of note; nothing is said of what needs nothing. */

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
  readonly #damaged = new Set<FoundPartition["source"]["kind"]>();
  readonly #noted = new Set<NoteKind>();
  #records = 0;

  constructor(
    private readonly path: string,
    private readonly isLive: boolean,
  ) {}

  add({ found, health, records, findings }: PartitionReport): void {
    this.#counts[health] += 1;
    if (health === "damaged") this.#damaged.add(found.source.kind);
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
    const parts = [`${healthy} healthy`];
    if (noted > 0) parts.push(`${noted} with notes`);
    if (damaged > 0) parts.push(`${damaged} damaged`);
    const outcome =
      total === 0 ? "holds no topics" : `${counted(total, "partition")}: ${parts.join(", ")}`;
    const read = `${counted(this.#records, "record")}, ${humanSize(this.bytes)}`;
    const lines = [`${this.path}: ${outcome} (${read} in ${humanDuration(tookMs)})`];
    if (this.isLive) {
      lines.push("A broker is at work here: what it had acknowledged was checked.");
    }
    const advice = [
      ...this.#damaged.values().map((kind) => damageAdvice[kind]),
      ...this.#noted.values().map((kind) => noteAdvice[kind]),
    ];
    for (const paragraph of advice.filter((each) => each !== null)) {
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
