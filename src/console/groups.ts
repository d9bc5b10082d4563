/** All consumer groups, and how far each is behind. */
import { h, type ComponentChild } from "preact";
import { useRef, useState } from "preact/hooks";
import type { GroupOrder, GroupRow } from "../http/console-api/groups.ts";
import { api } from "./api.ts";
import { behind, count, counted, short } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { stateBadge } from "./group-state.ts";
import { useKeys } from "./keys.ts";
import { empty, failed, Head, stale, waiting } from "./parts.ts";
import { goTo, linkTo } from "./router.ts";
import { useOrder, useRows } from "./rows.ts";
import { SearchBox } from "./search-box.ts";

const columns: readonly Column<GroupRow>[] = [
  {
    name: "Group",
    by: "id",
    cell: ({ group_id: id }) =>
      h(
        "a",
        { class: "name", href: linkTo({ page: "group", group: id }), tabIndex: -1, title: id },
        id,
      ),
  },
  { name: "State", by: "state", cell: ({ state }) => stateBadge(state) },
  {
    name: "Members",
    by: "members",
    isNumber: true,
    isMinor: true,
    cell: ({ members }) => count(members),
  },
  {
    name: "Partitions",
    by: "partitions",
    isNumber: true,
    isMinor: true,
    cell: (row) => count(row.partitions),
  },
  { name: "Lag", by: "lag", isNumber: true, cell: ({ lag }) => short(lag) },
  {
    name: "Behind",
    by: "behind",
    isNumber: true,
    cell: ({ lag_seconds: seconds }) => behind(seconds),
  },
];

export function Groups(): ComponentChild {
  const [search, setSearch] = useState("");
  const { order, sort, selected, select } = useOrder("id");
  const box = useRef<HTMLInputElement>(null);
  const { data, error, refresh, row, seen } = useRows(
    "groups",
    `${order.by} ${order.isDown} ${search}`,
    (piece) => api.groups({ ...piece, search, order: order.by as GroupOrder, down: order.isDown }),
    ({ groups }) => groups,
    4_000,
  );
  useKeys({ f: () => box.current?.focus() });
  const at = Math.min(selected, (data?.found ?? 1) - 1);
  const open = ({ group_id: group }: GroupRow): void => goTo({ page: "group", group });
  const content = (): ComponentChild => {
    if (data === null) return error === null ? waiting(12) : failed(error, refresh);
    if (data.total === 0) {
      return empty(
        "No groups yet",
        "A consumer that commits offsets, with Kafka's protocol or over HTTP, makes its group.",
      );
    }
    if (data.found === 0) {
      const words = `None of ${counted(data.total, "group")} has “${search}” in its id.`;
      return empty("No group matches", words);
    }
    return h(Grid<GroupRow>, {
      label: "Consumer groups",
      kind: "groups-grid",
      columns,
      count: data.found,
      row,
      seen,
      open,
      order,
      sort,
      selected: at,
      select,
    });
  };
  return h(
    "div",
    { class: "page fills" },
    h(Head, { title: "Groups", facts: data !== null && counted(data.total, "group") }),
    h(SearchBox, {
      box,
      label: "Find groups",
      value: search,
      change: (value) => {
        setSearch(value);
        select(0);
      },
      found: search === "" || data === null ? null : counted(data.found, "match", "matches"),
      enter: () => {
        const found = row(at);
        if (found !== undefined) open(found);
      },
    }),
    stale(data === null ? null : error),
    content(),
  );
}
