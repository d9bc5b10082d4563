/** One consumer group: who reads, how far behind, and moving it. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { GroupDetail, LagOrder } from "../http/console-api/groups.ts";
import { api } from "./api.ts";
import { DialogForm, show } from "./dialog.ts";
import { behind, count, counted, short } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { GroupReset } from "./group-reset.ts";
import { stateBadge } from "./group-state.ts";
import { useKeys } from "./keys.ts";
import { badge, button, empty, failed, Field, Head, say, textOf, waiting } from "./parts.ts";
import { goTo, linkTo } from "./router.ts";
import { useOrder, useRows } from "./rows.ts";

type Member = GroupDetail["members"][number];
type Lag = GroupDetail["rows"][number];

/** A few of many numbers: `0–3, 7`. */
function runs(numbers: readonly number[]): string {
  const sorted = numbers.toSorted((one, other) => one - other);
  const parts: [from: number, to: number][] = [];
  for (const each of sorted) {
    const last = parts.at(-1);
    if (last !== undefined && each === last[1] + 1) last[1] = each;
    else parts.push([each, each]);
  }
  const shown = parts.slice(0, 6).map(([from, to]) => (from === to ? `${from}` : `${from}–${to}`));
  return shown.join(", ") + (parts.length > 6 ? "…" : "");
}

function members(rows: readonly Member[]): ComponentChild {
  if (rows.length === 0) return h("p", { class: "muted note" }, "Nobody reads for this group now.");
  return h(
    "div",
    { class: "table-frame", tabIndex: 0, role: "region", "aria-label": "Members" },
    h(
      "table",
      null,
      h(
        "thead",
        null,
        h(
          "tr",
          null,
          ["Client", "Host", "Reads", "Member"].map((each) => h("th", { key: each }, each)),
        ),
      ),
      h(
        "tbody",
        null,
        rows.map((member) =>
          h(
            "tr",
            { key: member.member_id },
            h(
              "td",
              null,
              member.client_id,
              member.instance_id !== null && [" ", badge(member.instance_id)],
            ),
            h("td", { class: "mono" }, member.host),
            h("td", null, readsOf(member)),
            h("td", { class: "mono muted clip", title: member.member_id }, member.member_id),
          ),
        ),
      ),
    ),
  );
}

const readsOf = ({ assignment }: Member): string =>
  assignment.length === 0
    ? "nothing"
    : assignment.map(({ topic, partitions }) => `${topic} ${runs(partitions)}`).join("; ");

function columnsOf(group: GroupDetail): readonly Column<Lag>[] {
  const clients = new Map(group.members.map((each) => [each.member_id, each.client_id]));
  const client = ({ member_id: id }: Lag): string => (id === null ? "–" : (clients.get(id) ?? "–"));
  return [
    {
      name: "Topic",
      cell: ({ topic }) =>
        h(
          "a",
          {
            class: "name",
            href: linkTo({ page: "topic", topic, tab: "records" }),
            tabIndex: -1,
            title: topic,
          },
          topic,
        ),
    },
    { name: "Part.", by: "partition", isNumber: true, cell: ({ partition }) => String(partition) },
    {
      name: "Committed",
      by: "committed",
      isNumber: true,
      isMinor: true,
      cell: (row) => count(row.committed),
    },
    { name: "End", by: "end", isNumber: true, isMinor: true, cell: ({ end }) => count(end) },
    { name: "Lag", by: "lag", isNumber: true, cell: ({ lag }) => count(lag) },
    {
      name: "Behind",
      by: "behind",
      isNumber: true,
      cell: ({ lag_seconds: seconds }) => behind(seconds),
    },
    { name: "Read by", by: "member", isMinor: true, cell: client },
  ];
}

/** What is wrong with where the group stands, in words. */
function warnings({ unread, misplaced }: GroupDetail): ComponentChild {
  const words: string[] = [];
  if (unread > 0) words.push(`${counted(unread, "partition")} read by no member`);
  if (misplaced > 0) words.push(`${counted(misplaced, "committed offset")} without a record`);
  return words.length > 0 && h("p", { class: "muted note", role: "status" }, words.join(" · "));
}

const membersOf = ({ members: { length } }: GroupDetail): string =>
  length === 0 ? "" : `${counted(length, "member")} · `;

export function Group(props: { readonly group: string }): ComponentChild {
  const id = props.group;
  const { order, sort, selected, select } = useOrder("partition");
  const { data, error, refresh, row, seen } = useRows(
    `group ${id}`,
    `${order.by} ${order.isDown}`,
    (piece) => api.group(id, { ...piece, order: order.by as LagOrder, down: order.isDown }),
    ({ rows }) => rows,
    3_000,
  );
  const reset = (): void => {
    if (data !== null) show(() => h(GroupReset, { id, group: data, done: refresh }));
  };
  useKeys({ r: reset });
  return h(
    "div",
    { class: "page fills" },
    h(Head, {
      title: id,
      back: { href: linkTo({ page: "groups" }), words: "Groups" },
      facts: data !== null && [
        stateBadge(data.state),
        ` ${membersOf(data)}${short(data.lag)} records behind`,
        data.protocol !== "" && ` · ${data.protocol}`,
      ],
      actions: [
        button("Reset offsets…", reset, { icon: "replay", keys: "r", disabled: data === null }),
        button("Delete", () => show(() => h(DeleteGroup, { id })), {
          kind: "danger",
          icon: "trash",
          disabled: data === null,
        }),
      ],
    }),
    data === null
      ? error === null
        ? waiting(10)
        : failed(error, refresh)
      : [
          h("section", { class: "block" }, h("h2", null, "Members"), members(data.members)),
          h("h2", { class: "list-title" }, "Lag by partition"),
          warnings(data),
          data.partitions === 0
            ? empty("Nothing committed", "The group has not committed any offset yet.")
            : h(Grid<Lag>, {
                label: "Lag by partition",
                kind: "lag-grid",
                columns: columnsOf(data),
                count: data.found,
                row,
                seen,
                order,
                sort,
                selected: Math.min(selected, data.found - 1),
                select,
              }),
        ],
  );
}

function DeleteGroup(props: { readonly id: string }): ComponentChild {
  const { id } = props;
  const [typed, setTyped] = useState("");
  const act = async (): Promise<void> => {
    await api.deleteGroup(id);
    say(`Group ${id} is gone`);
    goTo({ page: "groups" });
  };
  return h(
    DialogForm,
    {
      title: `Delete ${id}`,
      action: "Delete group",
      actionOptions: { kind: "danger", icon: "trash", disabled: typed !== id },
      act,
    },
    h("p", null, "What it has committed is forgotten: its consumers begin anew. Records stay."),
    h(Field, {
      label: "Type the group's id",
      hint: h("code", null, id),
      control: (fieldId, hintId) =>
        h("input", {
          id: fieldId,
          "aria-describedby": hintId,
          "data-first": true,
          value: typed,
          autocomplete: "off",
          spellcheck: false,
          onInput: (event: Event) => setTyped(textOf(event)),
        }),
    }),
  );
}
