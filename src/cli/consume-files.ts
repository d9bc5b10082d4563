/** The embedded consumer on the files of a data directory, with or without a broker. */
import { quoted } from "../base/printable.ts";
import { Consumer } from "../client/consumer.ts";
import { ConsumerError, type DamagedRecords } from "../client/consumer-error.ts";
import type { ConsumerMessage } from "../client/consumer-message.ts";
import { shownCharactersMax } from "../limits.ts";
import { exitCode, type ExitCode } from "./command.ts";
import type { ConsumptionContext, MessageSource, SourceSettings } from "./consume-source.ts";
import { offsetsText } from "./counted.ts";
import { pauseAfter } from "./follow-pace.ts";
import type { Interruption } from "./produce-interruption.ts";
import { directoryFault } from "./read-directory.ts";

/** What was asked for. */
export interface FileSettings extends SourceSettings {
  /** The directory, as it was given. */
  readonly data: string;
  readonly group: string;
  readonly commit: boolean;
  readonly skipDamaged: boolean;
}

/** Opens it; `null`: it can't be, and why was told. */
export async function openFiles(
  settings: FileSettings,
  context: ConsumptionContext,
  interruption: Interruption,
): Promise<MessageSource | null> {
  const { data, topics, group, commit } = settings;
  const fault = await directoryFault(data);
  if (fault !== null) {
    context.fail(fault);
    return null;
  }
  try {
    const consumer = await Consumer.open({ data, topics: [...topics], group, isReadOnly: !commit });
    return new FileSource(consumer, settings, context, interruption);
  } catch (error) {
    if (!(error instanceof ConsumerError)) throw error;
    context.fail(error.message);
    return null;
  }
}

/** See the head of this file. */
class FileSource implements MessageSource {
  code: ExitCode = exitCode.ok;
  /** How far each topic was when it began, over all its partitions; `null`: it does not matter. */
  #ends: ReadonlyMap<string, number> | null = null;
  /** Something failed that all else needs. */
  #isOver = false;
  /** Whether messages were printed, or given up, that are not committed. */
  #hasUncommitted = false;
  /** Partitions that are stuck in front of damage, and were asked since the last messages. */
  readonly #stuck = new Set<string>();
  /** The damage that was told of, by partition. */
  readonly #told = new Map<string, number>();

  constructor(
    private readonly consumer: Consumer,
    private readonly settings: FileSettings,
    private readonly context: ConsumptionContext,
    private readonly interruption: Interruption,
  ) {}

  begin(): Promise<boolean> {
    const { settings, consumer } = this;
    return this.#try(false, async () => {
      if (!(await this.#findTopics())) return false;
      if (settings.isReset) for (const topic of settings.topics) await consumer.reset(topic);
      if (!settings.untilEnd) return true;
      // What comes while it prints is left to the next call, or a poll might never end.
      const ends = new Map<string, number>();
      for (const topic of settings.topics) ends.set(topic, await consumer.endOffset(topic));
      this.#ends = ends;
      return true;
    });
  }

  async poll(max: number): Promise<readonly ConsumerMessage[] | null> {
    const { warn, fail } = this.context;
    while (!this.#isOver) {
      try {
        const messages = await this.consumer.poll(undefined, max);
        this.#tellWarnings();
        if (messages.length > 0) this.#stuck.clear();
        return messages;
      } catch (error) {
        if (!(error instanceof ConsumerError)) throw error;
        this.code = exitCode.failed;
        const { damaged } = error;
        if (damaged === undefined) {
          fail(error.message);
          return null;
        }
        const { topic, partition } = damaged;
        if (this.settings.skipDamaged) {
          warn(`${damageText(damaged)}, left out`);
          await this.consumer.skipDamage(topic, partition);
          this.#hasUncommitted = true;
        } else if (this.#isIdleAt(damaged)) return [];
      }
    }
    return null;
  }

  async isAtEnd(isIdle: boolean): Promise<boolean> {
    const ends = this.#ends;
    if (this.#isOver) return true;
    if (ends === null || isIdle) return isIdle && ends !== null;
    return await this.#try(true, async () => {
      for (const [topic, end] of ends) {
        if ((await this.consumer.currentOffset(topic)) < end) return false;
      }
      return true;
    });
  }

  async pause(lookMs: number, leftMs: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const pauseMs = Math.min(leftMs, pauseAfter(lookMs, false));
    const cancel = this.context.clock.after(pauseMs, resolve);
    await this.interruption.until(promise);
    cancel();
  }

  printed(): void {
    this.#hasUncommitted = true;
  }

  /** Everything that was polled has been printed. */
  async commit(): Promise<void> {
    if (!this.#hasUncommitted || !this.settings.commit) return;
    this.#hasUncommitted = false;
    await this.#try(undefined, () => this.consumer.commit());
  }

  close(): Promise<void> {
    return this.consumer.close();
  }

  /** What `action` gives; if it fails, `failed`, and the run is over. */
  async #try<T>(failed: T, action: () => Promise<T>): Promise<T> {
    try {
      return await action();
    } catch (error) {
      if (!(error instanceof ConsumerError)) throw error;
      this.code = this.context.fail(error.message);
      this.#isOver = true;
      return failed;
    }
  }

  async #findTopics(): Promise<boolean> {
    const { settings, context } = this;
    let areThere = true;
    for (const topic of settings.topics) {
      if ((await this.consumer.partitions(topic)).length > 0) continue;
      const message = `${settings.data} has no topic ${quoted(topic, shownCharactersMax)}`;
      if (settings.mayWait) context.warn(`${message} yet`);
      else {
        this.code = context.fail(message);
        areThere = false;
      }
    }
    return areThere;
  }

  /** Tells of a partition that is stuck, once; whether all others have been asked since. */
  #isIdleAt(damaged: DamagedRecords): boolean {
    const place = `${damaged.topic}/${damaged.partition}`;
    if (this.#told.get(place) !== damaged.fromOffset) {
      this.#told.set(place, damaged.fromOffset);
      this.context.fail(`${damageText(damaged)}: it stays there; --skip-damaged gives them up`);
    }
    const isSecondTime = this.#stuck.has(place);
    if (isSecondTime) this.#stuck.clear();
    else this.#stuck.add(place);
    return isSecondTime;
  }

  #tellWarnings(): void {
    const { warnings, dropped } = this.consumer.takeWarnings();
    for (const { message } of warnings) this.context.warn(message);
    if (dropped > 0) this.context.warn(`and ${dropped} warnings before these`);
  }
}

function damageText(damaged: DamagedRecords): string {
  const { topic, partition, fromOffset, toOffset } = damaged;
  return `${topic}/${partition}: ${offsetsText(fromOffset, toOffset - 1)} can't be read`;
}
