/**
 * Where `consume` has its messages from: what a run asks of the files of a data directory
 * (`consume-files.ts`) or of brokers (`consume-kafka.ts`).
 */
import type { ConsumerMessage } from "../client/consumer-message.ts";
import type { ExitCode, World } from "./command.ts";

/** What a run and its source need of their command. */
export interface ConsumptionContext extends Pick<World, "clock" | "stop" | "stdout" | "stderr"> {
  readonly fail: (message: string) => ExitCode;
  readonly warn: (message: string) => void;
}

/** What concerns the source. */
export interface SourceSettings {
  /** Each once. */
  readonly topics: readonly string[];
  /** Whether to go back to the oldest messages first. */
  readonly isReset: boolean;
  /** Whether only what there is when it begins is read. */
  readonly untilEnd: boolean;
  /** Whether a topic that is not there may still come to be. */
  readonly mayWait: boolean;
}

/** One for a run. What goes wrong it tells by itself. */
export interface MessageSource {
  /** How the run ends as far as it is the source's doing. */
  readonly code: ExitCode;
  /** Whether there is something to read, or to wait for. */
  begin(): Promise<boolean>;
  /**
   * The next messages; none: there are none now. `null`: there is no use in going on.
   * @param waitMs the most to wait for them; a source may ask for another call before
   */
  poll(max: number, waitMs: number): Promise<readonly ConsumerMessage[] | null>;
  /** Whether all is read that was to be read. @param isIdle the last poll has found nothing */
  isAtEnd(isIdle: boolean): Promise<boolean>;
  /** Pauses after a poll that has found nothing, so that looking alone costs little. */
  pause(lookMs: number, leftMs: number): Promise<void>;
  /** Standard output has taken these. */
  printed(messages: readonly ConsumerMessage[]): void;
  /** Remembers what was printed, if it is to be remembered. */
  commit(): Promise<void>;
  /** Lets go of everything. */
  close(): Promise<void>;
}
