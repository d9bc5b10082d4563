/**
 * What people see: colours, tables, wrapped text, and numbers in their units. Pure: whether there
 * are colours, and how wide the terminal is, is handed in.
 */

/** Puts colours around texts, or leaves them as they are. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  red(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  cyan(text: string): string;
}

const paint =
  (on: boolean, open: number, close: number) =>
  (text: string): string =>
    on ? `\x1b[${open}m${text}\x1b[${close}m` : text;

const styleOf = (on: boolean): Style => ({
  bold: paint(on, 1, 22),
  dim: paint(on, 2, 22),
  red: paint(on, 31, 39),
  green: paint(on, 32, 39),
  yellow: paint(on, 33, 39),
  cyan: paint(on, 36, 39),
});

export const plain: Style = styleOf(false);
export const coloured: Style = styleOf(true);

/**
 * Whether to use colours: only on a terminal that knows them, and never if `NO_COLOR` holds
 * anything (no-color.org).
 */
export const wantsColours = (
  isTerminal: boolean,
  environment: Readonly<Record<string, string | undefined>>,
): boolean =>
  isTerminal && (environment["NO_COLOR"] ?? "") === "" && environment["TERM"] !== "dumb";

/** Columns that `text` takes on a terminal: none for escapes, two for wide characters. */
const widthOf = (text: string): number => Bun.stringWidth(text);

const pad = (text: string, width: number): string =>
  text + " ".repeat(Math.max(0, width - widthOf(text)));

/** `text` in lines of at most `width`, broken at blanks; a longer word keeps its line to itself. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && widthOf(line) + 1 + widthOf(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** One column of a table. */
export interface TableColumn {
  readonly title: string;
  /** Numbers stand to the right. */
  readonly align: "left" | "right";
}

/** A table with a head, columns two blanks apart, each line with its line break. */
export function table(
  columns: readonly TableColumn[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const widths = columns.map(({ title }, at) =>
    rows.reduce((widest, row) => Math.max(widest, widthOf(row[at] ?? "")), widthOf(title)),
  );
  const lineOf = (cells: readonly string[]): string =>
    columns
      .map(({ align }, at) => {
        const cell = cells[at] ?? "";
        const width = widths[at] ?? 0;
        return align === "left" ? pad(cell, width) : " ".repeat(width - widthOf(cell)) + cell;
      })
      .join("  ")
      .trimEnd();
  const head = lineOf(columns.map(({ title }) => title));
  return [style.bold(head), ...rows.map(lineOf)].map((line) => `${line}\n`).join("");
}

const sizeUnits = ["KiB", "MiB", "GiB", "TiB", "PiB"];

/** Bytes to three digits: `512 B`, `1.50 MiB`, `15.0 GiB`. */
export function humanSize(bytes: number): string {
  if (bytes < 1024) return `${bytes} B`;
  let value = bytes;
  let unit = -1;
  // 1023.5 would be shown as 1024.
  while (value >= 1023.5 && unit < sizeUnits.length - 1) {
    value /= 1024;
    unit++;
  }
  if (unit < 0) return `${bytes} B`;
  return `${threeDigits(value)} ${sizeUnits[unit]}`;
}

const threeDigits = (value: number): string =>
  value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);

/** A whole number with its thousands apart: `1,234,567`. */
export const humanCount = (count: number): string =>
  String(count).replace(/\B(?=(?:\d{3})+$)/g, ",");

/** A time to two units: `850 ms`, `4.2 s`, `3m 20s`, `2h 05m`, `3d 04h`. */
export function humanDuration(ms: number): string {
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const two = (value: number): string => String(value).padStart(2, "0");
  const seconds = Math.round(ms / 1000);
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const days = Math.floor(hours / 24);
  if (days > 0) return `${days}d ${two(hours % 24)}h`;
  if (hours > 0) return `${hours}h ${two(minutes % 60)}m`;
  return `${minutes}m ${two(seconds % 60)}s`;
}
