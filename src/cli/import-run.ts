/**
 * One import: log after log, each from its first message to its last. What is damaged is told and
 * stepped over; what can't be stored ends the import, and what was stored until then stays.
 */
import { quoted } from "../base/printable.ts";
import type { Disk } from "../disk/disk.ts";
import { importDamagesToldMax, shownCharactersMax } from "../limits.ts";
import { nameFault } from "../log/layout.ts";
import type { OriginalLog } from "../original/layout.ts";
import type { FoundPartition } from "../reader/directory.ts";
import { remarkText, type Remark } from "../reader/lines.ts";
import { firstPlace, readOriginal } from "../reader/read-original.ts";
import type { BatchRecord } from "../record/records.ts";
import { exitCode, type ExitCode, type World } from "./command.ts";
import { counted } from "./counted.ts";
import type { ImportSink, ImportTarget, ImportTopic } from "./import-target.ts";
import { makeRoom } from "./progress-room.ts";
import { createProgress, type Progress, type ProgressMode } from "./progress.ts";
import { humanCount, humanDuration, table } from "./terminal.ts";

/** What an import needs of its command. */
export interface ImportContext extends Pick<World, "clock" | "stop" | "stdout" | "stderr"> {
  readonly fail: (message: string) => ExitCode;
  readonly warn: (message: string) => void;
}

/** One topic to import. */
export interface PlannedTopic extends ImportTopic {
  /** As the original calls it. */
  readonly original: string;
  readonly logs: readonly PlannedLog[];
}

/** One log of the original. */
export interface PlannedLog extends FoundPartition {
  readonly log: OriginalLog;
}

/** The original's logs by topic. Where both layouts stand side by side, the flat one is older. */
export function planOf(partitions: readonly FoundPartition[], prefix: string): PlannedTopic[] {
  const logs = partitions.flatMap((found) =>
    found.source.kind === "original" ? [{ ...found, log: found.source.log }] : [],
  );
  return [...Map.groupBy(logs, ({ topic }) => topic)].map(([original, own]) => ({
    original,
    name: prefix + original,
    partitionCount: Math.max(...own.map(({ partition }) => partition)) + 1,
    logs: own,
  }));
}

/** See the head of this file. */
export class ImportRun {
  /** Messages stored or on their way, and those that are known to be stored. */
  #messages = 0;
  #stored = 0;
  #failed = false;
  #isStopping = false;
  /** Of the summary: a topic, its logs, and its messages. */
  readonly #rows: string[][] = [];

  constructor(
    private readonly context: ImportContext,
    private readonly disk: Disk,
    private readonly target: ImportTarget,
    private readonly mode: ProgressMode,
  ) {}

  async run(topics: readonly PlannedTopic[]): Promise<ExitCode> {
    const { context, target } = this;
    const objections = target.objections(topics);
    for (const objection of objections) context.fail(objection);
    if (objections.length > 0) return exitCode.failed;
    const { clock, stderr } = context;
    const startedAt = clock.monotonic();
    const progress = createProgress({
      stderr,
      clock,
      mode: this.mode,
      label: "importing",
      unit: "messages",
      total: messagesIn(topics),
    });
    const forget = context.stop.onStop(() => {
      this.#isStopping = true;
    });
    for (const topic of topics) {
      if (this.#isStopping) break;
      await this.#topic(topic, progress);
    }
    forget();
    progress.finish();
    this.#summarize(clock.monotonic() - startedAt);
    return this.#failed ? exitCode.failed : exitCode.ok;
  }

  async #topic(topic: PlannedTopic, progress: Progress): Promise<void> {
    const fault = nameFault(topic.name);
    const refused =
      fault === null
        ? await this.target.prepare(topic)
        : `${quoted(topic.name, shownCharactersMax)} can't be a topic's name: ${fault}`;
    if (refused !== null) return await this.#fail(`topic left out: ${refused}`);
    const before = this.#stored;
    for (const found of topic.logs) {
      if (!this.#isStopping) await this.#log(topic, found, progress);
    }
    const count = humanCount(this.#stored - before);
    this.#rows.push([topic.name, String(topic.logs.length), count]);
  }

  async #log(topic: PlannedTopic, found: PlannedLog, progress: Progress): Promise<void> {
    const { disk, target } = this;
    const sink = target.open(topic, found.partition);
    const reading = { disk, found, log: found.log, selection: {}, isFollowed: false };
    const damages = { count: 0 };
    let refused: string | null = null;
    for await (const item of readOriginal(reading, firstPlace)) {
      if (item.kind === "records") {
        refused = await putAll(sink, item.records);
        this.#messages += item.records.length;
        progress.report(this.#messages);
      } else await this.#remark(item, found.log, damages);
      if (refused !== null || this.#isStopping) break;
    }
    const unended = await sink.end();
    refused ??= unended;
    this.#stored += sink.stored;
    if (damages.count > importDamagesToldMax) {
      const more = damages.count - importDamagesToldMax;
      await this.#fail(`${found.log.logPath}: ${more} more damaged stretches`);
    }
    if (refused === null) return;
    this.#isStopping = true;
    await this.#fail(`stopped in ${topic.name}/${found.partition}: ${refused}`);
  }

  async #remark(remark: Remark, log: OriginalLog, damages: { count: number }): Promise<void> {
    if (remark.kind === "damage") {
      const { fault, fromPosition, toPosition } = remark.damage;
      if (fault === "truncated" && toPosition >= log.logBytes) {
        // Its writer was killed: nobody has seen this message.
        const where = `${log.logPath}, from byte ${fromPosition} on`;
        await makeRoom(this.context.stderr, this.mode);
        this.context.warn(`${where}: the last message was never written whole, and is left out`);
        return;
      }
      damages.count += 1;
      if (damages.count > importDamagesToldMax) return;
    }
    await this.#fail(remarkText(remark));
  }

  async #fail(message: string): Promise<void> {
    this.#failed = true;
    await makeRoom(this.context.stderr, this.mode);
    this.context.fail(message);
  }

  #summarize(tookMs: number): void {
    const { stdout } = this.context;
    const head = [
      { title: "topic", align: "left" },
      { title: "logs", align: "right" },
      { title: "messages", align: "right" },
    ] as const;
    if (this.#rows.length > 0) stdout.write(table(head, this.#rows, stdout.style));
    const how = this.#isStopping ? "stopped after" : "imported";
    const what = `${counted(this.#stored, "message")} of ${counted(this.#rows.length, "topic")}`;
    stdout.write(`${how} ${what} into ${this.target.name} in ${humanDuration(tookMs)}\n`);
  }
}

async function putAll(sink: ImportSink, records: readonly BatchRecord[]): Promise<string | null> {
  for (const record of records) {
    const refused = await sink.put(record);
    if (refused !== null) return refused;
  }
  return null;
}

/** As the indexes count them; `null` where one is missing. */
function messagesIn(topics: readonly PlannedTopic[]): number | null {
  let count: number | null = 0;
  for (const { log } of topics.flatMap(({ logs }) => logs)) {
    if (log.indexBytes === null) return null;
    count += Math.floor(log.indexBytes / 8);
  }
  return count;
}
