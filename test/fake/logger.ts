/** A logger that remembers its events. */
import type { LogFields, Logger, LogLevel } from "../../src/base/logger.ts";

/** One remembered event. */
export interface LoggedEvent {
  readonly level: LogLevel;
  readonly event: string;
  readonly fields: LogFields;
}

export class MemoryLogger implements Logger {
  constructor(
    readonly events: LoggedEvent[] = [],
    private readonly always: LogFields = {},
  ) {}

  debug(event: string, fields: LogFields = {}): void {
    this.note("debug", event, fields);
  }

  info(event: string, fields: LogFields = {}): void {
    this.note("info", event, fields);
  }

  warn(event: string, fields: LogFields = {}): void {
    this.note("warn", event, fields);
  }

  error(event: string, fields: LogFields = {}): void {
    this.note("error", event, fields);
  }

  with(fields: LogFields): Logger {
    return new MemoryLogger(this.events, { ...this.always, ...fields });
  }

  /** The events of one name. */
  named(event: string): LoggedEvent[] {
    return this.events.filter((logged) => logged.event === event);
  }

  private note(level: LogLevel, event: string, fields: LogFields): void {
    this.events.push({ level, event, fields: { ...this.always, ...fields } });
  }
}
