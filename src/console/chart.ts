/** A chart of the last minutes, drawn by uPlot in the page's own colours. */
import { h, type ComponentChild } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import { clock } from "./format.ts";
import { useStore } from "./store.ts";
import { isDark } from "./theme.ts";

/** One line of a chart. */
export interface Line {
  readonly name: string;
  /** A custom property of the style sheet that is a colour. */
  readonly color: string;
  readonly values: readonly (number | null)[];
}

interface ChartProps {
  readonly title: string;
  /** Seconds since 1970, of all lines. */
  readonly times: readonly number[];
  readonly lines: readonly Line[];
  /** How a value is written. */
  readonly format: (value: number) => string;
  /** What is round: tens, or powers of two. */
  readonly unit: keyof typeof steps;
}

/** How much is seen of the past, in seconds: a page that was just opened has little to show. */
const secondsMin = 60;
const secondsMax = 300;
const chartPixels = 148;

const steps = {
  numbers: Array.from({ length: 15 }, (_, power) =>
    [1, 2, 5].map((each) => each * 10 ** power),
  ).flat(),
  bytes: Array.from({ length: 50 }, (_, power) => 2 ** power),
};

const minute = (seconds: number): string => clock(seconds * 1_000).slice(0, 5);
const second = (seconds: number): string => clock(seconds * 1_000).slice(0, 8);
const isBetween = (seconds: number): boolean => seconds % 60 !== 0;

const property = (name: string): string =>
  getComputedStyle(document.documentElement).getPropertyValue(name).trim();

const dataOf = ({ times, lines }: ChartProps): uPlot.AlignedData => [
  [...times],
  ...lines.map(({ values }) => [...values]),
];

/** The largest value there is some room above, and an idle chart is not all noise. */
const valueRange = (_: uPlot, __: number | null, max: number | null): uPlot.Range.MinMax => [
  0,
  Math.max(1, (max ?? 0) * 1.15),
];

function optionsOf(
  { lines, format, unit }: ChartProps,
  pixels: number,
  hovered: (index: number | null) => void,
): uPlot.Options {
  const axis: uPlot.Axis = {
    stroke: property("--muted"),
    font: "11px system-ui, sans-serif",
    grid: { stroke: property("--line"), width: 1 },
    ticks: { show: false },
  };
  return {
    width: pixels,
    height: chartPixels,
    padding: [8, 26, 0, 0],
    legend: { show: false },
    cursor: { y: false, points: { size: 6 }, drag: { x: false, y: false } },
    scales: {
      x: {
        time: true,
        range: ({ data: [times] }) => {
          const [first = 0, last = 0] = [times[0], times.at(-1)];
          return [last - Math.min(secondsMax, Math.max(secondsMin, last - first)), last];
        },
      },
      y: { range: valueRange },
    },
    axes: [
      {
        ...axis,
        size: 26,
        gap: 8,
        space: 68,
        incrs: [15, 30, 60, 120, 300],
        values: (_, splits) => splits.map(splits.some(isBetween) ? second : minute),
      },
      {
        ...axis,
        size: 62,
        gap: 6,
        space: 34,
        incrs: [...steps[unit]],
        values: (_, splits) => splits.map(format),
      },
    ],
    series: [
      {},
      ...lines.map(({ name, color }): uPlot.Series => {
        const stroke = property(color);
        return { label: name, stroke, width: 1.5, fill: `${stroke}1f`, points: { show: false } };
      }),
    ],
    hooks: { setCursor: [({ cursor }) => hovered(cursor.idx ?? null)] },
  };
}

/** Draws into `element`, anew whenever its width changes; returns how to take it away. */
function draw(
  element: HTMLElement,
  props: () => ChartProps,
  hovered: (index: number | null) => void,
  drawn: (chart: uPlot | null) => void,
): () => void {
  const chart = new uPlot(
    optionsOf(props(), element.clientWidth, hovered),
    dataOf(props()),
    element,
  );
  drawn(chart);
  const observer = new ResizeObserver(() => {
    chart.setSize({ width: element.clientWidth, height: chartPixels });
  });
  observer.observe(element);
  return () => {
    observer.disconnect();
    drawn(null);
    chart.destroy();
  };
}

export function Chart(props: ChartProps): ComponentChild {
  const { title, lines, format } = props;
  const element = useRef<HTMLDivElement>(null);
  const chart = useRef<uPlot | null>(null);
  const current = useRef(props);
  current.current = props;
  const [index, setIndex] = useState<number | null>(null);
  const dark = useStore(isDark);
  useEffect(() => {
    if (element.current === null) return undefined;
    return draw(
      element.current,
      () => current.current,
      setIndex,
      (made) => (chart.current = made),
    );
  }, [dark]);
  useEffect(() => chart.current?.setData(dataOf(props)), [props.times]);
  const shown = lines.map(({ name, color, values }) => {
    const value = values[index ?? values.length - 1] ?? null;
    return { name, color, words: value === null ? "–" : format(value) };
  });
  return h(
    "figure",
    { class: "chart" },
    h(
      "figcaption",
      null,
      h("span", { class: "chart-title" }, title),
      shown.map(({ name, color, words }) =>
        h(
          "span",
          { key: name, class: "legend" },
          h("i", { style: { background: `var(${color})` }, "aria-hidden": "true" }),
          name,
          " ",
          h("b", null, words),
        ),
      ),
    ),
    h("div", { ref: element, class: "plot", "aria-hidden": "true" }),
  );
}
