/** Curves as a picture: a panel for each figure, a line for each peer, both axes logarithmic. */
import type { CurveFinding, Point } from "./curves.ts";
import { escaped } from "./plot.ts";
import { median, rounded } from "./statistics.ts";

const panel = { width: 440, height: 260, columns: 3 };
const frame = { left: 66, right: 14, top: 34, bottom: 44 };
const colours = ["#0969da", "#cf222e", "#1a7f37", "#9a6700", "#8250df", "#bc4c00"];

/** An SVG that is complete in itself. */
export function curvePlot(findings: readonly CurveFinding[]): string {
  const shown = findings.filter(({ series }) => Object.values(series).some(({ length }) => length));
  const rows = Math.ceil(shown.length / panel.columns);
  const [width, height] = [panel.columns * panel.width, rows * panel.height];
  const panels = shown.map((finding, at) => {
    const x = (at % panel.columns) * panel.width;
    const y = Math.floor(at / panel.columns) * panel.height;
    return `<g transform="translate(${x} ${y})">${panelOf(finding)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="11" role="img">`,
    "<title>How rates and latencies grow</title>",
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...panels,
    "</svg>\n",
  ].join("\n");
}

function panelOf({ title, axis, figure, series }: CurveFinding): string {
  const all = Object.values(series).flat();
  const x = scaleOf(
    all.map(({ at }) => at),
    [frame.left, panel.width - frame.right],
  );
  const y = scaleOf(all.map(middleOf), [panel.height - frame.bottom, frame.top]);
  const bottom = panel.height - frame.bottom;
  const ticksX = [...new Set(all.map(({ at }) => at))].map(
    (at) => `<text x="${x(at)}" y="${bottom + 14}" text-anchor="middle">${short(at)}</text>`,
  );
  const ticksY = powers(all.map(middleOf)).map(
    (value) =>
      `<line x1="${frame.left}" x2="${panel.width - frame.right}" y1="${y(value)}" ` +
      `y2="${y(value)}" stroke="#d0d7de"/>` +
      `<text x="${frame.left - 6}" y="${y(value) + 4}" text-anchor="end">${short(value)}</text>`,
  );
  const lines = Object.entries(series).map(([name, points], at) => {
    const colour = colours[at % colours.length] ?? "#24292f";
    return lineOf(name, points, { x, y, colour, labelY: frame.top + 12 + at * 13 });
  });
  return [
    `<text x="${frame.left}" y="14" font-weight="bold">${escaped(figure)}</text>`,
    `<text x="${frame.left}" y="27" fill="#57606a">${escaped(title)}</text>`,
    `<text x="${panel.width / 2}" y="${bottom + 30}" text-anchor="middle">${escaped(axis)}</text>`,
    ...ticksX,
    ...ticksY,
    ...lines,
  ].join("");
}

interface LineSettings {
  readonly x: (value: number) => number;
  readonly y: (value: number) => number;
  readonly colour: string;
  readonly labelY: number;
}

function lineOf(
  name: string,
  points: readonly Point[],
  { x, y, colour, labelY }: LineSettings,
): string {
  const places = points
    .toSorted((a, b) => a.at - b.at)
    .map((point) => [x(point.at), y(middleOf(point))]);
  const dots = places.map(([cx, cy]) => `<circle cx="${cx}" cy="${cy}" r="3" fill="${colour}"/>`);
  const path = places.map((place) => place.join(",")).join(" ");
  const label = `<text x="${panel.width - 18}" y="${labelY}" text-anchor="end" fill="${colour}">`;
  return (
    `<polyline points="${path}" fill="none" stroke="${colour}" stroke-width="2"/>` +
    `${dots.join("")}${label}${escaped(name)}</text>`
  );
}

const middleOf = ({ values }: Point): number => Math.max(median(values), Number.MIN_VALUE);

/** From values to pixels, by their logarithms; a single value is in the middle. */
function scaleOf(
  values: readonly number[],
  [from, to]: readonly [number, number],
): (value: number) => number {
  const logs = values.map(Math.log);
  const [low, high] = [Math.min(...logs), Math.max(...logs)];
  const span = high - low;
  return (value) => {
    const share = span === 0 ? 0.5 : (Math.log(value) - low) / span;
    return Math.round(from + share * (to - from));
  };
}

/** Powers of ten between the least and the greatest; both of them if there are fewer than two. */
function powers(values: readonly number[]): number[] {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const found: number[] = [];
  for (let exponent = Math.ceil(Math.log10(low)); 10 ** exponent <= high; exponent++) {
    found.push(10 ** exponent);
  }
  return found.length > 1 ? found : [...new Set([low, high])];
}

function short(value: number): string {
  if (value >= 1e6) return `${rounded(value / 1e6)} M`;
  return value >= 1e4 ? `${rounded(value / 1e3)} k` : rounded(value);
}
