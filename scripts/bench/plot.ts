/**
 * The findings as a picture: for each match a point at its ratio and a line over its interval, on
 * an axis on which twice as good and half as good are equally far from one. Pure functions.
 */
import { type Finding, verdictOf } from "./report.ts";
import { rounded } from "./statistics.ts";

const rowHeight = 22;
const labelWidth = 430;
const plotWidth = 420;
const margin = 20;
/** Ticks that may stand on the axis, and those that do on a long one. */
const ticks = [0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20];
const coarseTicks = [0.0001, 0.001, 0.01, 0.1, 1, 10, 100, 1000, 10_000];
const caption = "right of 1: the first of the two is better; left of it: the second";
const colours = { ahead: "#1a7f37", behind: "#cf222e", even: "#6e7781", "too few": "#9a6700" };

/** An SVG that is complete in itself. */
export function plotOf(findings: readonly Finding[]): string {
  const shown = findings.filter(({ ratio }) => Number.isFinite(ratio.median) && ratio.median > 0);
  const reach = Math.max(2, ...shown.flatMap(({ ratio: { low, high } }) => [1 / low, high]));
  const edge = Math.log(Number.isFinite(reach) ? reach * 1.1 : 1000);
  const x = (ratio: number): number => {
    const part = Math.min(1, Math.max(-1, Math.log(ratio) / edge));
    return Math.round(labelWidth + ((part + 1) / 2) * plotWidth);
  };
  const height = shown.length * rowHeight + 3 * margin;
  const width = labelWidth + plotWidth + 110;
  const bottom = height - margin;
  const axis = (edge > Math.log(20) ? coarseTicks : ticks)
    .filter((tick) => Math.abs(Math.log(tick)) <= edge)
    .map(
      (tick) =>
        `<line x1="${x(tick)}" x2="${x(tick)}" y1="${margin}" y2="${bottom - 8}" ` +
        `stroke="${tick === 1 ? "#24292f" : "#d0d7de"}"/>` +
        `<text x="${x(tick)}" y="${bottom + 6}" text-anchor="middle">${tick}×</text>`,
    );
  const rows = shown.map((finding, at) => rowOf(finding, margin + (at + 0.5) * rowHeight, x));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" ` +
      `viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12" role="img">`,
    "<title>Ratios with their intervals</title>",
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...axis,
    `<text x="${labelWidth - 10}" y="${bottom + 6}" text-anchor="end">${caption}</text>`,
    ...rows,
    "</svg>\n",
  ].join("\n");
}

function rowOf(finding: Finding, y: number, x: (ratio: number) => number): string {
  const { scenario, ours, theirs, figure, ratio } = finding;
  const colour = colours[verdictOf(ratio)];
  const label = escaped(`${scenario}: ${ours} : ${theirs}, ${figure}`);
  return (
    `<text x="${labelWidth - 10}" y="${y + 4}" text-anchor="end">${label}</text>` +
    `<line x1="${x(ratio.low)}" x2="${x(ratio.high)}" y1="${y}" y2="${y}" ` +
    `stroke="${colour}" stroke-width="3"/>` +
    `<circle cx="${x(ratio.median)}" cy="${y}" r="4" fill="${colour}"/>` +
    `<text x="${labelWidth + plotWidth + 10}" y="${y + 4}">${rounded(ratio.median)}</text>`
  );
}

/** For the text of an SVG. */
export const escaped = (text: string): string =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
