/** All consumer groups, and how far each is behind. */
import { h, type ComponentChild } from "preact";
import { useMemo, useRef, useState } from "preact/hooks";
import type { GroupRow } from "../http/console-api/groups.ts";
import { api } from "./api.ts";
import { behind, count, counted, short } from "./format.ts";
import { type Column, Grid } from "./grid.ts";
import { stateBadge } from "./group-state.ts";
import { useKeys } from "./keys.ts";
import { empty, failed, Head, waiting } from "./parts.ts";
import { goTo, linkTo } from "./router.ts";
import { SearchBox } from "./search-box.ts";
import { useAsked } from "./store.ts";

const columns: readonly Column<GroupRow>[] = [
  {
    name: "Group",
    cell: ({ group_id: id }) =>
      h(
        "a",
        { class: "name", href: linkTo({ page: "group", group: id }), tabIndex: -1, title: id },
        id,
      ),
  },
  { name: "State", cell: ({ state }) => stateBadge(state) },
  { name: "Members", isNumber: true, isMinor: true, cell: ({ members }) => count(members) },
  { name: "Partitions", isNumber: true, isMinor: true, cell: (row) => count(row.partitions) },
  { name: "Lag", isNumber: true, cell: ({ lag }) => short(lag) },
  {
    name: "Behind",
    isNumber: true,
    cell: ({ lag_seconds: seconds }) => behind(seconds),
  },
];

export function Groups(): ComponentChild {
  const { data, error, refresh } = useAsked("groups", api.groups, 4_000);
  const [search, setSearch] = useState("");
  const [selected, select] = useState(0);
  const box = useRef<HTMLInputElement>(null);
  useKeys({ f: () => box.current?.focus() });
  const rows = useMemo(() => {
    const word = search.trim().toLowerCase();
    return data?.groups.filter(({ group_id: id }) => id.toLowerCase().includes(word)) ?? [];
  }, [data, search]);
  const at = Math.min(selected, rows.length - 1);
  const open = ({ group_id: group }: GroupRow): void => goTo({ page: "group", group });
  const content = (): ComponentChild => {
    if (data === null) return error === null ? waiting(12) : failed(error, refresh);
    if (data.groups.length === 0) {
      return empty(
        "No groups yet",
        "A consumer that commits offsets, with Kafka's protocol or over HTTP, makes its group.",
      );
    }
    if (rows.length === 0) return empty("No group matches", `None has “${search}” in its id.`);
    return h(Grid<GroupRow>, {
      label: "Consumer groups",
      kind: "groups-grid",
      columns,
      count: rows.length,
      row: (index) => rows[index],
      open,
      selected: at,
      select,
    });
  };
  return h(
    "div",
    { class: "page fills" },
    h(Head, { title: "Groups", facts: data !== null && counted(data.groups.length, "group") }),
    h(SearchBox, {
      box,
      label: "Find groups",
      value: search,
      change: setSearch,
      found: search === "" ? null : counted(rows.length, "match", "matches"),
      enter: () => rows[at] && open(rows[at]),
    }),
    content(),
  );
}
