/** One consumer group: who reads, how far behind, and moving it. */
import { h, type ComponentChild } from "preact";
import { useState } from "preact/hooks";
import type { GroupDetail, LagOrder } from "../http/console-api/groups.ts";
import { api } from "./api.ts";
import { DialogForm, show } from "./dialog.ts";
import { behind, count, counted, short } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { GroupMembers } from "./group-members.ts";
import { GroupReset } from "./group-reset.ts";
import { stateBadge } from "./group-state.ts";
import { useKeys } from "./keys.ts";
import {
  badge,
  button,
  empty,
  failed,
  Field,
  Head,
  missing,
  say,
  stale,
  textOf,
  waiting,
} from "./parts.ts";
import { goTo, linkTo } from "./router.ts";
import { useOrder, useRows } from "./rows.ts";

type Lag = GroupDetail["rows"][number];

function columnsOf(group: GroupDetail): readonly Column<Lag>[] {
  const clients = new Map(group.members.map((each) => [each.member_id, each.client_id]));
  const isRead = group.members.some(({ assignment }) => assignment.length > 0);
  const client = ({ member_id: id }: Lag): ComponentChild => {
    if (id === null) return isRead ? badge("nobody", "warn") : "–";
    return clients.get(id) ?? "–";
  };
  return [
    {
      name: "Topic",
      by: "partition",
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
    { name: "Part.", isNumber: true, cell: ({ partition }) => String(partition) },
    {
      name: "Committed",
      by: "committed",
      isNumber: true,
      isMinor: true,
      cell: (row) => count(row.committed),
    },
    { name: "End", by: "end", isNumber: true, isMinor: true, cell: ({ end }) => count(end) },
    {
      name: "Lag",
      by: "lag",
      isNumber: true,
      cell: ({ lag }) => count(lag),
    },
    {
      name: "Behind",
      by: "behind",
      isNumber: true,
      cell: (row) => placeBadge(row) ?? behind(row.lag_seconds),
    },
    { name: "Read by", by: "member", isMinor: true, cell: client },
  ];
}

/** Where an offset is that no record has; the group goes on where `auto.offset.reset` says. */
function placeBadge({ committed, start, end }: Lag): ComponentChild {
  if (committed >= start && committed <= end) return null;
  const isBefore = committed < start;
  const title = isBefore
    ? `Records before ${count(start)} have been deleted: ${count(start - committed)} of them unread`
    : `The partition ends at ${count(end)}, before what was committed`;
  return h("span", { title }, badge(isBefore ? "deleted" : "past the end", "warn"));
}

/** What is wrong with where the group stands, in words. */
function warnings({ unread, misplaced }: GroupDetail): ComponentChild {
  const words: string[] = [];
  if (unread > 0) words.push(`${counted(unread, "partition")} read by no member`);
  if (misplaced > 0) words.push(`${counted(misplaced, "committed offset")} that no record has`);
  return words.length > 0 && h("span", { class: "caution", role: "status" }, words.join(" · "));
}

const membersOf = ({ members: { length } }: GroupDetail): string =>
  length === 0 ? "" : `${counted(length, "member")} · `;

export function Group(props: { readonly group: string }): ComponentChild {
  const id = props.group;
  const { order, sort, selected, select } = useOrder("partition");
  const { data, error, isMissing, refresh, row, seen } = useRows(
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
      actions: !isMissing && [
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
        : isMissing
          ? missing("group", id, { page: "groups" })
          : failed(error, refresh)
      : [
          stale(error),
          h(GroupMembers, { group: data }),
          h(
            "div",
            { class: "block-head list-title" },
            h("h2", null, "Lag by partition"),
            warnings(data),
          ),
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
