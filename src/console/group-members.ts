/** Who reads for a group, and how evenly; while it rebalances, what that means. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { GroupDetail } from "../http/console-api/groups.ts";
import { count, counted } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { badge } from "./parts.ts";

type Member = GroupDetail["members"][number];

const runsShown = 6;

/** A few of many numbers: `0–3, 7`. */
function runs(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((one, other) => one - other);
  const parts: [from: number, to: number][] = [];
  for (const each of sorted) {
    const last = parts.at(-1);
    if (last !== undefined && each === last[1] + 1) last[1] = each;
    else parts.push([each, each]);
  }
  const words = parts.map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return words.slice(0, runsShown).join(", ") + (words.length > runsShown ? "…" : "");
}

const readsOf = ({ assignment }: Member): string =>
  assignment.length === 0
    ? "nothing"
    : assignment.map(({ topic, partitions }) => `${topic} ${runs(partitions)}`).join("; ");

const shareOf = ({ assignment }: Member): number =>
  assignment.reduce((sum, { partitions }) => sum + partitions.length, 0);

const columns: readonly Column<Member>[] = [
  {
    name: "Client",
    cell: ({ client_id: client, instance_id: instance, member_id: id }) =>
      h("span", { title: id }, client, instance !== null && [" ", badge(instance)]),
  },
  { name: "Host", isMinor: true, cell: ({ host }) => (host === "" ? "this broker" : host) },
  { name: "Partitions", isNumber: true, cell: (member) => count(shareOf(member)) },
  { name: "Reads", cell: (member) => h("span", { title: readsOf(member) }, readsOf(member)) },
  {
    name: "Member",
    isMinor: true,
    cell: ({ member_id: id }) => h("span", { class: "mono muted", title: id }, id),
  },
];

const states: Readonly<Record<string, string>> = {
  PreparingRebalance: "Members are joining anew: nobody reads until all have, or time is up.",
  CompletingRebalance: "Partitions are being shared out: members read again in a moment.",
  Dead: "The group is being removed.",
};

export function GroupMembers({ group }: { readonly group: GroupDetail }): ComponentChild {
  const { members, state } = group;
  const [selected, select] = useState(0);
  const words = states[state];
  const idle = members.filter((member) => shareOf(member) === 0).length;
  return h(
    "section",
    { class: "block" },
    h(
      "div",
      { class: "block-head" },
      h("h2", null, "Members"),
      words === undefined &&
        idle > 0 &&
        h("span", { class: "muted" }, `${counted(idle, "member")} without a partition`),
    ),
    words !== undefined && h("p", { class: "notice", role: "status" }, words),
    members.length === 0
      ? h("p", { class: "muted note" }, "Nobody reads for this group now.")
      : h(Grid<Member>, {
          label: "Members",
          kind: "members-grid",
          columns,
          count: members.length,
          row: (index) => members[index],
          selected: Math.min(selected, members.length - 1),
          select,
        }),
  );
}
