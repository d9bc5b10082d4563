/**
 * The structured logger: one line per event, with typed fields, as text for people or as JSON for
 * programs. Owned data: the counts of recent events, so that no event can flood the log.
 *
 * Invariants: an event is exactly one line, whatever bytes its fields hold; a line has a bounded
 * length; a level that is off costs a call that does nothing; an event that repeats more than
 * {@link logRepeatsMax} times within {@link logWindowMs} is counted, and the count is logged.
 */
import {
  logEventsTrackedMax,
  logFieldsMax,
  logRepeatsMax,
  logValueCharactersMax,
  logWindowMs,
} from "../limits.ts";
import type { Cancel, Clock } from "./clock.ts";
import { isoTime } from "./iso-time.ts";
import { printable, quoted } from "./printable.ts";

export const logLevels = ["debug", "info", "warn", "error"] as const;
export type LogLevel = (typeof logLevels)[number];

export const logFormats = ["text", "json"] as const;
export type LogFormat = (typeof logFormats)[number];

/** What a field may hold. `undefined` leaves the field out; of an error its message is shown. */
export type LogValue = string | number | bigint | boolean | null | undefined | Error;

/** The fields of an event. Three names are the line's own and can't be used. */
export type LogFields = {
  readonly time?: never;
  readonly level?: never;
  readonly event?: never;
} & { readonly [name: string]: LogValue };

/** Events are short constant phrases ("topic created"); what varies goes into fields. */
export interface Logger {
  debug(event: string, fields?: LogFields): void;
  info(event: string, fields?: LogFields): void;
  warn(event: string, fields?: LogFields): void;
  error(event: string, fields?: LogFields): void;
  /** A logger that adds `fields` to each of its events. */
  with(fields: LogFields): Logger;
}

export interface LoggerOptions {
  /** The lowest level that is written. */
  readonly level: LogLevel;
  readonly format: LogFormat;
  /** Only for `text`, and only if a terminal reads it. */
  readonly colours: boolean;
  readonly clock: Clock;
  /**
   * Takes one line, its line break included. Must not throw, and must bound what it holds:
   * `false` says that the line was dropped, and the logger counts it.
   */
  write(line: string): boolean;
}

/** A logger that writes to `options.write`. */
export function createLogger(options: LoggerOptions): Logger {
  const form = options.format === "json" ? jsonForm : textForm(options.colours);
  let dropped = 0;
  const put = (level: LogLevel, event: string, fields: string): void => {
    const time = isoTime(options.clock.now());
    if (dropped > 0) {
      const lost = form.line(time, "warn", "log lines dropped", form.field("lines", dropped));
      if (options.write(lost)) dropped = 0;
    }
    if (!options.write(form.line(time, level, event, fields))) dropped++;
  };
  const repeats = new Repeats(options.clock, (level, event, suppressed) => {
    const fields = form.field("suppressed", suppressed) + form.field("windowMs", logWindowMs);
    put(level, event, fields);
  });
  const lowest = logLevels.indexOf(options.level);
  const emit = (level: LogLevel, event: string, fields: string): void => {
    // Whoever asks for debugging wants every event; the other levels are for the long run.
    if (level === "debug" || repeats.allow(level, event)) put(level, event, fields);
  };
  const withFields = (bound: string): Logger => {
    const at = (level: LogLevel): Logger["info"] =>
      logLevels.indexOf(level) < lowest
        ? () => {}
        : (event, fields) => emit(level, event, bound + renderFields(form, fields));
    return {
      debug: at("debug"),
      info: at("info"),
      warn: at("warn"),
      error: at("error"),
      with: (fields) => withFields(bound + renderFields(form, fields)),
    };
  };
  return withFields("");
}

/** How lines look. `field` renders one field so that fields can simply be joined. */
interface Form {
  field(name: string, value: LogValue): string;
  line(time: string, level: LogLevel, event: string, fields: string): string;
}

function renderFields(form: Form, fields: LogFields | undefined): string {
  if (fields === undefined) return "";
  let rendered = "";
  let count = 0;
  for (const name in fields) {
    const value: LogValue = fields[name];
    if (value === undefined) continue;
    if (++count > logFieldsMax) return rendered + form.field("fieldsCut", true);
    rendered += form.field(name, value);
  }
  return rendered;
}

const errorText = (error: Error): string =>
  error.name === "Error" ? error.message : `${error.name}: ${error.message}`;

const jsonForm: Form = {
  field(name, value) {
    let text: string;
    if (typeof value === "string") text = quoted(value, logValueCharactersMax);
    else if (value instanceof Error) text = quoted(errorText(value), logValueCharactersMax);
    // JSON has no word for these numbers, and programs read a bigint as a double.
    else if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value)))
      text = `"${value}"`;
    else text = String(value);
    return `,${quoted(name, logValueCharactersMax)}:${text}`;
  },
  line(time, level, event, fields) {
    const name = quoted(event, logValueCharactersMax);
    return `{"time":"${time}","level":"${level}","event":${name}${fields}}\n`;
  },
};

/** Words that need no quotes between the blanks of a text line. */
const bare = /^[\w.:/@+%[\]-]+$/;

const levelColour: Record<LogLevel, string> = {
  debug: "\x1b[2m",
  info: "\x1b[32m",
  warn: "\x1b[33m",
  error: "\x1b[31m",
};

function textForm(colours: boolean): Form {
  const dim = (text: string): string => (colours ? `\x1b[2m${text}\x1b[22m` : text);
  return {
    field(name, value) {
      const text = value instanceof Error ? errorText(value) : String(value);
      const short = text.length <= logValueCharactersMax && bare.test(text);
      const shown = short ? text : quoted(text, logValueCharactersMax);
      return ` ${dim(`${printable(name, logValueCharactersMax)}=`)}${shown}`;
    },
    line(time, level, event, fields) {
      const word = level.toUpperCase().padEnd(5);
      const shown = colours ? `${levelColour[level]}${word}\x1b[0m` : word;
      return `${dim(time)} ${shown} ${printable(event, logValueCharactersMax)}${fields}\n`;
    },
  };
}

/** One event's count in the window that began with its first occurrence. */
interface Repeat {
  readonly level: LogLevel;
  readonly event: string;
  readonly windowEnd: number;
  count: number;
  suppressed: number;
  /** Reports the suppressed ones when the window ends; set with the first of them. */
  report: Cancel | null;
}

/** Which events repeat too often. Holds at most {@link logEventsTrackedMax} of them. */
class Repeats {
  readonly #recent = new Map<string, Repeat>();

  constructor(
    private readonly clock: Clock,
    private readonly report: (level: LogLevel, event: string, suppressed: number) => void,
  ) {}

  /** Whether this occurrence is to be written; if not, it has been counted. */
  allow(level: LogLevel, event: string): boolean {
    const key = `${level} ${event}`;
    const now = this.clock.monotonic();
    let repeat = this.#recent.get(key);
    if (repeat === undefined || now >= repeat.windowEnd) {
      this.#end(key);
      this.#makeRoom();
      const windowEnd = now + logWindowMs;
      repeat = { level, event, windowEnd, count: 0, suppressed: 0, report: null };
      this.#recent.set(key, repeat);
    }
    if (++repeat.count <= logRepeatsMax) return true;
    repeat.suppressed++;
    repeat.report ??= this.clock.after(repeat.windowEnd - now, () => this.#end(key));
    return false;
  }

  #end(key: string): void {
    const repeat = this.#recent.get(key);
    if (repeat === undefined) return;
    this.#recent.delete(key);
    repeat.report?.();
    if (repeat.suppressed > 0) this.report(repeat.level, repeat.event, repeat.suppressed);
  }

  #makeRoom(): void {
    if (this.#recent.size < logEventsTrackedMax) return;
    // A map keeps the order of insertion: the first one has the oldest window.
    const [oldest] = this.#recent.keys();
    if (oldest !== undefined) this.#end(oldest);
  }
}
