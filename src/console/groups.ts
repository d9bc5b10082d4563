/** All consumer groups, and how far each is behind. */
import { h, type ComponentChild } from "preact";
import type { GroupOrder, GroupRow } from "../http/console-api/groups.ts";
import { api } from "./api.ts";
import { behind, count, short } from "./format.ts";
import type { Column } from "./grid.ts";
import { misplacedBadge, stateBadge } from "./group-state.ts";
import { ListPage } from "./list-page.ts";
import { empty } from "./parts.ts";
import { goTo, linkTo } from "./router.ts";

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
  { name: "State", by: "state", isMinor: true, cell: ({ state }) => stateBadge(state) },
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
    cell: (row) => misplacedBadge(row) ?? behind(row.lag_seconds),
  },
];

export const Groups = (): ComponentChild =>
  h(ListPage<GroupRow>, {
    title: "Groups",
    one: "group",
    kind: "groups-grid",
    columns,
    by: "id",
    ask: (query) => api.groups({ ...query, order: query.order as GroupOrder }),
    everyMs: 4_000,
    open: ({ group_id: group }) => goTo({ page: "group", group }),
    none: empty(
      "No groups yet",
      "A consumer that commits offsets, with Kafka's protocol or over HTTP, makes its group.",
    ),
  });
