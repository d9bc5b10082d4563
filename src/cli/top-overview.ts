/** The upper part of `obelisk top`: the broker as a whole, in plots and numbers. */
import { humanCount } from "./terminal.ts";
import type { Style } from "./terminal.ts";
import { shownSeconds, shownSize } from "./shown.ts";
import type { Latency, Reading } from "./top-reading.ts";
import type { Point, Shown } from "./top-state.ts";
import { fitted, latencyText, peakOf, plot, rateText, sizeRateText } from "./top-text.ts";

/** Beside each other from here on. */
const twoPanelsWidthMin = 80;
const panelGap = 3;
const cellGap = "   ";

/** Something with its past. */
interface Panel {
  readonly name: string;
  readonly text: string;
  readonly values: readonly (number | null)[];
  readonly peak: (value: number | null) => string;
  readonly rows: number;
  readonly paint: (text: string) => string;
}

/** Throughput, lag, latency. @param plotRows lines of the plots of throughput; 0: no plots */
export function panelLines(
  { reading, history }: Shown,
  width: number,
  plotRows: number,
  style: Style,
): string[] {
  if (reading === null) return [];
  const perColumn = width >= twoPanelsWidthMin ? 2 : 1;
  const panelWidth = Math.floor((width - panelGap * (perColumn - 1)) / perColumn);
  const panels = panelsOf(reading, history, plotRows, style).map((panel) =>
    linesOf(panel, panelWidth, style),
  );
  if (perColumn === 1) return panels.flat();
  const beside = (left: readonly string[] = [], right: readonly string[] = []): string[] =>
    left.map((line, at) => `${line}${" ".repeat(panelGap)}${right[at] ?? ""}`);
  return [...beside(panels[0], panels[1]), ...beside(panels[2], panels[3])];
}

function panelsOf(
  reading: Reading,
  history: readonly Point[],
  plotRows: number,
  style: Style,
): Panel[] {
  const { recordsIn, bytesIn, recordsOut, bytesOut, lag, lagSeconds, latencies } = reading;
  const smallRows = Math.ceil(plotRows / 2);
  const past = (key: keyof Point) => history.map((point) => point[key]);
  const behind = lagSeconds === null || lag === 0 ? "" : `  ${shownSeconds(lagSeconds)} behind`;
  return [
    {
      name: "in",
      text: throughput(recordsIn, bytesIn),
      values: past("recordsIn"),
      peak: rateText,
      rows: plotRows,
      paint: (plotted) => style.green(plotted),
    },
    {
      name: "out",
      text: throughput(recordsOut, bytesOut),
      values: past("recordsOut"),
      peak: rateText,
      rows: plotRows,
      paint: (plotted) => style.cyan(plotted),
    },
    {
      name: "lag",
      text: lag === null ? "no group has any" : `${humanCount(lag)} records${behind}`,
      values: past("lag"),
      peak: rateText,
      rows: smallRows,
      paint: (plotted) => style.yellow(plotted),
    },
    {
      name: "produce",
      text: latencyPair(latencies.produce),
      values: past("produceP99"),
      peak: latencyText,
      rows: smallRows,
      paint: (plotted) => style.red(plotted),
    },
  ];
}

function linesOf({ name, text, values, peak, rows, paint }: Panel, width: number, style: Style) {
  const head = `${style.bold(name)}  ${text}`;
  const most = peakOf(values, width);
  const right = rows === 0 || most === null ? "" : `peak ${peak(most)}`;
  const room = width - Bun.stringWidth(head) - 1;
  const line =
    right === "" || room < right.length
      ? fitted(head, width)
      : `${head} ${style.dim(right.padStart(room))}`;
  return [line, ...plot(values, width, rows).map(paint)];
}

/** Before the second look, and after a restart, there is none. */
const throughput = (records: number | null, bytes: number | null): string =>
  records === null || bytes === null
    ? "not known yet"
    : `${rateText(records)} records/s  ${sizeRateText(bytes)}/s`;

const latencyPair = ({ p50, p99, count }: Latency): string =>
  count === 0 ? "none" : `p50 ${latencyText(p50)}  p99 ${latencyText(p99)}`;

/** Everything else of the broker, in as few lines as it fits. */
export function cellLines(reading: Reading, width: number, style: Style): string[] {
  const lines: string[] = [];
  for (const [name, text] of cellsOf(reading, style)) {
    const cell = `${style.dim(name)} ${text}`;
    const last = lines.at(-1);
    const isFull =
      last === undefined || Bun.stringWidth(last) + cellGap.length + Bun.stringWidth(cell) > width;
    if (isFull) lines.push(cell);
    else lines[lines.length - 1] = `${last}${cellGap}${cell}`;
  }
  return lines;
}

function cellsOf(reading: Reading, style: Style): (readonly [name: string, text: string])[] {
  const { latencies, cpu, residentBytes, usableBytes, doors, errors, sealedPartitions } = reading;
  const open = [...doors].filter(([, count]) => count > 0);
  const connections = open.reduce((sum, [, count]) => sum + count, 0);
  const byDoor = open.map(([door, count]) => `${door} ${humanCount(count)}`).join(", ");
  return [
    ["cpu", cpu === null ? "-" : `${Math.round(cpu * 100)}%`],
    ["memory", shownSize(residentBytes)],
    ["disk room", usableBytes === 0 ? style.red("none") : shownSize(usableBytes)],
    ["connections", humanCount(connections) + (byDoor === "" ? "" : ` (${byDoor})`)],
    [
      "errors",
      errors === null || errors === 0 ? rateText(errors) : style.red(`${rateText(errors)}/s`),
    ],
    ["fetch", latencyPair(latencies.fetch)],
    ["to disk", latencyPair(latencies.disk)],
    ["event loop", latencyPair(latencies.loop)],
    ...(sealedPartitions === null || sealedPartitions === 0
      ? []
      : [
          ["sealed", style.red(`${humanCount(sealedPartitions)} partitions take nothing`)] as const,
        ]),
  ];
}
