/** Numbers and lines of `obelisk top`: rates, short times, plots, and text of an exact width. */
import { humanCount, humanDuration, humanSize } from "./terminal.ts";

/** What is not known, or not yet. */
const unknown = "-";

/** `0.25`, `12`, `48,231` */
export function rateText(perSecond: number | null): string {
  if (perSecond === null) return unknown;
  if (perSecond === 0) return "0";
  if (perSecond < 0.995) return perSecond.toFixed(2);
  return perSecond < 9.95 ? perSecond.toFixed(1) : humanCount(Math.round(perSecond));
}

/** `5.12 MiB` of each second. */
export const sizeRateText = (perSecond: number | null): string =>
  perSecond === null ? unknown : humanSize(Math.round(perSecond));

/** A time that may be far less than a millisecond: `250 µs`, `4.9 ms`. */
export function latencyText(seconds: number | null): string {
  if (seconds === null) return unknown;
  const ms = seconds * 1000;
  if (ms < 0.9995) return `${Math.round(ms * 1000)} µs`;
  return ms < 9.95 ? `${ms.toFixed(1)} ms` : humanDuration(ms);
}

/** `text`, which may have colours, in at most `width` columns of the terminal. */
export function cut(text: string, width: number): string {
  if (Bun.stringWidth(text) <= width) return text;
  if (width < 1) return "";
  const kept = Bun.sliceAnsi(text, 0, width - 1);
  // A wide character of which one column is left is in the slice as a whole.
  const fits = Bun.stringWidth(kept) < width;
  return `${fits ? kept : Bun.sliceAnsi(text, 0, width - 2)}…`;
}

/** The same, filled up to it. */
export function fitted(text: string, width: number): string {
  const kept = cut(text, width);
  return kept + " ".repeat(Math.max(0, width - Bun.stringWidth(kept)));
}

const blocks = [" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"];
const steps = blocks.length - 1;

/**
 * Values as columns, the newest at the right, in `rows` lines of `width`. The largest fills its
 * column; zero is a line at the bottom, and what is not known is nothing.
 */
export function plot(values: readonly (number | null)[], width: number, rows: number): string[] {
  const shown = values.slice(-width);
  const max = shown.reduce((largest: number, value) => Math.max(largest, value ?? 0), 0);
  const heights = shown.map((value) => {
    if (value === null) return 0;
    return max === 0 ? 1 : Math.max(1, Math.round((value / max) * rows * steps));
  });
  return Array.from({ length: rows }, (_, row) => {
    const below = (rows - 1 - row) * steps;
    const line = heights.map((height) => blocks[Math.max(0, Math.min(steps, height - below))]);
    return line.join("").padStart(width);
  });
}

/** The largest of those that are plotted; `null`: none is known. */
export const peakOf = (values: readonly (number | null)[], width: number): number | null =>
  values
    .slice(-width)
    .reduce(
      (most: number | null, value) => (value === null ? most : Math.max(most ?? 0, value)),
      null,
    );
