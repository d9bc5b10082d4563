/** Numbers, sizes, times and durations as people read them. Pure. */

const grouped = new Intl.NumberFormat("en-US");

/** `1,234,567`. */
export const count = (value: number): string => grouped.format(value);

/** `1 topic`, `2 topics`. */
export const counted = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** All digits, or three that matter and a letter: `1,234`, `12.3 k`, `45.6 M`. */
export function short(value: number): string {
  const size = Math.abs(value);
  if (size < 10 && !Number.isInteger(value)) return value.toFixed(1);
  if (size < 10_000) return whole(value);
  const at = Math.min(Math.floor(Math.log10(size) / 3), letters.length - 1);
  return `${digits(value / 1_000 ** at)} ${letters[at] ?? ""}`;
}

const letters = ["", "k", "M", "G", "T", "P"];

/** `1.23 MiB`. */
export function bytes(value: number): string {
  const size = Math.abs(value);
  if (size < 1_024) return `${whole(value)} B`;
  const at = Math.min(Math.floor(Math.log2(size) / 10), binary.length - 1);
  return `${digits(value / 1_024 ** at)} ${binary[at] ?? ""}`;
}

const binary = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

const whole = (value: number): string => grouped.format(Math.round(value));

function digits(value: number): string {
  const size = Math.abs(value);
  return value.toFixed(size < 9.995 ? 2 : size < 99.95 ? 1 : 0);
}

/** `850 ms`, `12 s`, `3 min`, `5 h`, `2 d`. */
export function duration(seconds: number): string {
  if (seconds < 1) return `${Math.round(seconds * 1_000)} ms`;
  const [size, unit] = units.find(([each]) => seconds >= each) ?? [1, "s"];
  const value = seconds / size;
  return `${value < 10 && size > 1 ? trimmed(value) : Math.round(value)} ${unit}`;
}

/** Kafka's largest number: there is no limit. */
const largest = "9223372036854775807";

/** What a setting's number means, where its name says which unit it has; `null`: that is plain. */
export function meaning(name: string, value: string): string | null {
  if (value === largest) return "no limit";
  const number = Number(value);
  if (!/^\d+$/.test(value) || number < 1_000 || number >= Number.MAX_SAFE_INTEGER) return null;
  if (/\.ms(\.|$)/.test(name)) return duration(number / 1_000);
  return /bytes/.test(name) ? bytes(number) : null;
}

/** The same of a lag: none is nothing to speak of. */
export const behind = (seconds: number | null): string => {
  if (seconds === null) return "–";
  return seconds === 0 ? "up to date" : duration(seconds);
};

const units: readonly (readonly [seconds: number, unit: string])[] = [
  [86_400, "d"],
  [3_600, "h"],
  [60, "min"],
  [1, "s"],
];

const trimmed = (value: number): string => value.toFixed(1).replace(/\.0$/, "");

const pad = (value: number, width = 2): string => String(value).padStart(width, "0");

/** Local, to the millisecond: `2026-11-25 04:58:03.078`. */
export function time(ms: number): string {
  const date = new Date(ms);
  const day = `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
  return `${day} ${clock(ms)}`;
}

/** Local, without the day: `04:58:03.078`. */
export function clock(ms: number): string {
  const date = new Date(ms);
  const hours = `${pad(date.getHours())}:${pad(date.getMinutes())}:${pad(date.getSeconds())}`;
  return `${hours}.${pad(date.getMilliseconds(), 3)}`;
}

/** As `<input type="datetime-local">` has it, to the second. */
export const localTime = (ms: number): string => time(ms).replace(" ", "T").slice(0, 19);

/** Whether both are on one day, here. */
export const isSameDay = (one: number, other: number): boolean =>
  new Date(one).toDateString() === new Date(other).toDateString();
