/** One look of `obelisk top` for files, pipes and scripts: as text, and as JSON. */
import { topRowsPrinted } from "../limits.ts";
import type { Output } from "./output.ts";
import { humanDuration } from "./terminal.ts";
import { groupColumns, topicColumns } from "./top-columns.ts";
import { cellLines, panelLines } from "./top-overview.ts";
import type { Reading } from "./top-reading.ts";
import type { TopState } from "./top-state.ts";
import { tableHeads, tableLines } from "./top-table.ts";
import { groupsHead, topicsHead } from "./top-view.ts";

/** Lines, the busiest topics and groups first. */
export function snapshotText(
  { source, history, tables }: TopState,
  reading: Reading,
  { columns, style }: Pick<Output, "columns" | "style">,
): string {
  const room = { width: columns, lines: topRowsPrinted + tableHeads };
  const uptime = reading.uptimeSeconds;
  const lines = [
    [
      source,
      ...(reading.version === null ? [] : [reading.version]),
      ...(uptime === null ? [] : [`up ${humanDuration(uptime * 1000)}`]),
    ].join("  "),
    "",
    ...panelLines({ reading, history }, columns, 0, style),
    ...cellLines(reading, columns, style),
    "",
    ...tableLines(topicsHead(reading), topicColumns, reading.topics, tables.topics, room, style),
    "",
    ...tableLines(groupsHead(reading), groupColumns, reading.groups, tables.groups, room, style),
  ];
  return lines.map((line) => `${line.trimEnd()}\n`).join("");
}

/** All that is known, on one line; `null`: not known. */
export function snapshotJson({ source }: TopState, reading: Reading): string {
  const { doors, latencies, ...rest } = reading;
  const told = {
    source,
    ...rest,
    latencySeconds: latencies,
    connections: Object.fromEntries(doors),
  };
  return `${JSON.stringify(told)}\n`;
}
